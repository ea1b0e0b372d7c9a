;; Reads the vocabulary and the merges of a tokenizer out of their bytes and builds the tables that encoding needs. A new
;; process runs this at once; the same in JavaScript is interpreted for most of the time that loading takes.
;;
;; src/load/table-builder.ts lays out the memory and calls the exports in turn. Where one of them gives 0, or traps,
;; src/load/reader.ts has the file read by TypeScript: errors are found and worded there. All texts end in a byte 0; places
;; in the arena and in the tables are counted from their starts.
;;
;; wasm/build.mjs joins this file, json.wat, vocabulary.wat and merges.wat to the module of src/load/module.ts.

(memory (export "memory") 1)

;; What is read: tokens, or merges.
(global $count (export "count") (mut i32) (i32.const 0))
;; One more than the largest id.
(global $limit (export "limit") (mut i32) (i32.const 0))
;; How many U+FFFD stood in texts, which may stand for broken ones.
(global $replaced (export "replaced") (mut i32) (i32.const 0))
;; Where the last string was written to, its end, and its hash.
(global $to (export "to") (mut i32) (i32.const 0))
(global $hash (mut i32) (i32.const 0))

;; The tables of tokens: their bytes; where those of an id start, -1 for a free id, and end; hash, id + 1, hash … by hash.
(global $arena (mut i32) (i32.const 0))
(global $starts (mut i32) (i32.const 0))
(global $ends (mut i32) (i32.const 0))
(global $slots (mut i32) (i32.const 0))
(global $mask (mut i32) (i32.const 0))
;; How many places of the hash table may still be looked at: chosen tokens could make it slow.
(global $probes (mut i32) (i32.const 0))

;; The merges: left id, right id …; the ids that they make; how many there may be; the id that the next one likely makes.
(global $merges (mut i32) (i32.const 0))
(global $made (mut i32) (i32.const 0))
(global $most (mut i32) (i32.const 0))
(global $next (mut i32) (i32.const 0))
