import type { CApi, Pointer } from "./c-api.js";
import { int64s } from "./dtypes.js";

/** Kinds of op attributes (`TF_AttrType`). */
export const AttrType = { STRING: 0, INT: 1, FLOAT: 2, BOOL: 3, TYPE: 4, SHAPE: 5 } as const;

/** An attribute of an op, as tfjs-node's kernels give it. */
export interface OpAttr {
  name: string;
  type: number;
  value: unknown;
}

/** Sets attributes on an eager op. */
export function setEagerAttr(api: CApi, op: Pointer, { name, type, value }: OpAttr, status: Pointer): void {
  const list = Array.isArray(value);
  if (type === AttrType.TYPE) api.TFE_OpSetAttrType(op, name, value as number);
  else if (type === AttrType.SHAPE) api.TFE_OpSetAttrShape(op, name, int64s(value as number[]), (value as number[]).length, status);
  else if (type === AttrType.STRING) api.TFE_OpSetAttrString(op, name, value as string, Buffer.byteLength(value as string));
  else if (type === AttrType.BOOL && list) api.TFE_OpSetAttrBoolList(op, name, Uint8Array.from(value, Number), value.length);
  else if (type === AttrType.BOOL) api.TFE_OpSetAttrBool(op, name, value ? 1 : 0);
  else if (type === AttrType.INT && list) api.TFE_OpSetAttrIntList(op, name, int64s(value), value.length);
  else if (type === AttrType.INT) api.TFE_OpSetAttrInt(op, name, value as number);
  else if (type === AttrType.FLOAT && list) api.TFE_OpSetAttrFloatList(op, name, Float32Array.from(value), value.length);
  else if (type === AttrType.FLOAT) api.TFE_OpSetAttrFloat(op, name, value as number);
  else throw new Error(`Attribute "${name}" has the unknown type ${type}.`);
}

/** The same on a node of a graph. */
export function setGraphAttr(api: CApi, node: Pointer, { name, type, value }: OpAttr): void {
  const list = Array.isArray(value);
  if (type === AttrType.TYPE) api.TF_SetAttrType(node, name, value as number);
  else if (type === AttrType.SHAPE) api.TF_SetAttrShape(node, name, int64s(value as number[]), (value as number[]).length);
  else if (type === AttrType.STRING) api.TF_SetAttrString(node, name, value as string, Buffer.byteLength(value as string));
  else if (type === AttrType.BOOL && list) api.TF_SetAttrBoolList(node, name, Uint8Array.from(value, Number), value.length);
  else if (type === AttrType.BOOL) api.TF_SetAttrBool(node, name, value ? 1 : 0);
  else if (type === AttrType.INT && list) api.TF_SetAttrIntList(node, name, int64s(value), value.length);
  else if (type === AttrType.INT) api.TF_SetAttrInt(node, name, value as number);
  else if (type === AttrType.FLOAT && list) api.TF_SetAttrFloatList(node, name, Float32Array.from(value), value.length);
  else if (type === AttrType.FLOAT) api.TF_SetAttrFloat(node, name, value as number);
  else throw new Error(`Attribute "${name}" has the unknown type ${type}.`);
}
