/** The filters that can reject, in the order in which they run. */
export const FILTER_NAMES = ["url", "language", "boilerplate", "gopher-repetition", "gopher-quality", "c4", "fineweb", "decontamination"] as const;
export type FilterName = (typeof FILTER_NAMES)[number];
