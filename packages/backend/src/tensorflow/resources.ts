import { AttrType } from "./attributes.js";
import type { Binding } from "./binding.js";

/** The name that makes TensorFlow free a variable with the last handle to it (`ResourceHandle::ANONYMOUS_NAME`). */
const ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/**
 * A resource variable of TensorFlow that holds the value of the tensor `value`, sharing its memory; free it like a tensor. A function that
 * gets its handle may update it in place, which needs no memory for a second copy.
 */
export function createResource(binding: Binding, dtype: number, shape: readonly number[], value: number): number {
  const [handle] = binding.executeOp(
    "VarHandleOp",
    [
      { name: "dtype", type: AttrType.TYPE, value: dtype },
      { name: "shape", type: AttrType.SHAPE, value: shape },
      { name: "container", type: AttrType.STRING, value: "" },
      { name: "shared_name", type: AttrType.STRING, value: ANONYMOUS },
    ],
    [],
    1,
  );
  binding.executeOp("AssignVariableOp", [{ name: "dtype", type: AttrType.TYPE, value: dtype }], [handle!.id, value], 0);
  return handle!.id;
}

/** The value that a resource variable has at present, as a tensor that shares its memory: a later update in place leaves it alone. */
export function readResource(binding: Binding, dtype: number, resource: number): number {
  return binding.executeOp("ReadVariableOp", [{ name: "dtype", type: AttrType.TYPE, value: dtype }], [resource], 1)[0]!.id;
}
