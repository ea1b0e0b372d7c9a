import type { Document } from "@llm/dataset";

/** The texts of a document as sequences to train on: a chat gives the content of each of its messages. */
export const trainingTexts = (document: Document): readonly string[] => document.messages?.map((message) => message.content) ?? [document.text];
