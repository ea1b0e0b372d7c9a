;; Merges the bytes of one word, as src/model/word-merger.ts does: the pair of lowest rank first, of equal ranks the
;; leftmost. The symbols stand in a list between two that are none; for each pair, its rank and place stand in a lane of its own, so that the
;; next merge is found without a branch.

;; The table of merges: buckets of four entries of left id, right id of 21 bits each and rank + 1 of 22; what a full bucket has no room for
;; stands in the next one that is not full. How many buckets there are, less one; and the ids that the merges make.
(global $pairs (export "pairs") (mut i32) (i32.const 0))
(global $mask (export "mask") (mut i32) (i32.const 0))
(global $made (export "made") (mut i32) (i32.const 0))
;; rank + 1 of the pairs of two bytes, 0 for none, by the one and the other; and the byte that an id stands for, where it stands for one.
(global $bytePairs (export "bytePairs") (mut i32) (i32.const 0))
(global $byteOf (export "byteOf") (mut i32) (i32.const 0))

;; At fixed places: 3328 the symbols, 3600 rank * 64 + place of each pair, below 0 for none, 3856 which symbol is the next one, 3936 which the one
;; before, a byte each.

;; Fills the tables, which hold zeros, from left id, right id, left id ... by rank; of a repeated pair the later rank counts.
;; They go on from rank $rank. $probes is how many places may be looked at in vain. @returns how many are left, 0 for none
(func (export "fill") (param $from i32) (param $count i32) (param $rank i32) (param $probes i32) (result i32)
  (local $left i32) (local $right i32) (local $pair i64) (local $hash i32) (local $at i32) (local $entry i64)
  (local.set $count (i32.add (local.get $count) (local.get $rank)))
  (block $done
    (loop $more
      (br_if $done (i32.ge_u (local.get $rank) (local.get $count)))
      (local.set $left (i32.load (local.get $from)))
      (local.set $right (i32.load offset=4 (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (local.set $rank (i32.add (local.get $rank) (i32.const 1)))
      (local.set $pair (i64.or (i64.extend_i32_u (local.get $left)) (i64.shl (i64.extend_i32_u (local.get $right)) (i64.const 21))))
      (local.set $at (i32.add (global.get $pairs) (i32.shl (i32.and (i32.wrap_i64 (i64.shr_u (i64.mul (local.get $pair) (i64.const 0x9e3779b97f4a7c15)) (i64.const 40))) (global.get $mask)) (i32.const 5))))
      (block $found
        (loop $probe
          (local.set $entry (i64.load (local.get $at)))
          (br_if $found (i64.eqz (local.get $entry)))
          (br_if $found (i64.eqz (i64.shl (i64.xor (local.get $entry) (local.get $pair)) (i64.const 22))))
          (local.set $probes (i32.sub (local.get $probes) (i32.const 1)))
          (if (i32.eqz (local.get $probes)) (then (return (i32.const 0))))
          ;; After the last bucket comes the first.
          (local.set $at (i32.add (global.get $pairs) (i32.and (i32.add (i32.sub (local.get $at) (global.get $pairs)) (i32.const 8)) (i32.or (i32.shl (global.get $mask) (i32.const 5)) (i32.const 31)))))
          (br $probe)))
      (i64.store (local.get $at) (i64.or (local.get $pair) (i64.shl (i64.extend_i32_u (local.get $rank)) (i64.const 42))))
      ;; A pair of two bytes?
      (local.set $at (i32.load8_u (i32.add (global.get $byteOf) (local.get $left))))
      (br_if $more (i32.ne (i32.load offset=1792 (i32.shl (local.get $at) (i32.const 2))) (local.get $left)))
      (local.set $hash (i32.load8_u (i32.add (global.get $byteOf) (local.get $right))))
      (br_if $more (i32.ne (i32.load offset=1792 (i32.shl (local.get $hash) (i32.const 2))) (local.get $right)))
      (i32.store (i32.add (global.get $bytePairs) (i32.or (i32.shl (local.get $at) (i32.const 10)) (i32.shl (local.get $hash) (i32.const 2)))) (local.get $rank))
      (br $more)))
  (local.get $probes))

;; rank * 64 + place of a pair, or less than 0.
(func $key (param $left i32) (param $right i32) (param $at i32) (result i32)
  (local $pair i64) (local $found i64) (local $last i64) (local $entry i64) (local $bucket i32) (local $place i32)
  (local.set $pair (i64.or (i64.extend_i32_u (local.get $left)) (i64.shl (i64.extend_i32_u (local.get $right)) (i64.const 21))))
  (local.set $bucket (i32.wrap_i64 (i64.shr_u (i64.mul (local.get $pair) (i64.const 0x9e3779b97f4a7c15)) (i64.const 40))))
  (local.set $pair (i64.shl (local.get $pair) (i64.const 22)))
  (loop $probe
    (local.set $place (i32.add (global.get $pairs) (i32.shl (i32.and (local.get $bucket) (global.get $mask)) (i32.const 5))))
    (local.set $entry (i64.load (local.get $place)))
    (local.set $found (select (local.get $entry) (i64.const 0) (i64.eq (i64.shl (local.get $entry) (i64.const 22)) (local.get $pair))))
    (local.set $entry (i64.load offset=8 (local.get $place)))
    (local.set $found (select (local.get $entry) (local.get $found) (i64.eq (i64.shl (local.get $entry) (i64.const 22)) (local.get $pair))))
    (local.set $entry (i64.load offset=16 (local.get $place)))
    (local.set $found (select (local.get $entry) (local.get $found) (i64.eq (i64.shl (local.get $entry) (i64.const 22)) (local.get $pair))))
    (local.set $last (i64.load offset=24 (local.get $place)))
    (local.set $found (select (local.get $last) (local.get $found) (i64.eq (i64.shl (local.get $last) (i64.const 22)) (local.get $pair))))
    (local.set $bucket (i32.add (local.get $bucket) (i32.const 1)))
    (br_if $probe (i32.and (i64.eqz (local.get $found)) (i64.ne (local.get $last) (i64.const 0)))))
  (i32.or (i32.shl (i32.sub (i32.wrap_i64 (i64.shr_u (local.get $found) (i64.const 42))) (i32.const 1)) (i32.const 6)) (local.get $at)))

;; Leaves the tokens of a word of 1 to 63 bytes at $out. @returns how many, or -1 where a byte has no token
(func $merge (param $start i32) (param $size i32) (param $out i32) (result i32)
  (local $at i32) (local $left i32) (local $right i32) (local $best i32) (local $next i32) (local $count i32) (local $lanes i32) (local $keys v128)
  (if (i32.eqz (global.get $made)) (then (return (i32.const -1))))
  ;; Sixteen lanes at a time, 64 bytes
  (local.set $lanes (i32.shl (i32.add (i32.shr_u (local.get $size) (i32.const 4)) (i32.const 1)) (i32.const 6)))
  (loop $more
    (v128.store offset=3600 (local.get $at) (v128.const i32x4 -1 -1 -1 -1))
    (v128.store offset=3616 (local.get $at) (v128.const i32x4 -1 -1 -1 -1))
    (v128.store offset=3632 (local.get $at) (v128.const i32x4 -1 -1 -1 -1))
    (v128.store offset=3648 (local.get $at) (v128.const i32x4 -1 -1 -1 -1))
    (local.set $next (i32.shr_u (local.get $at) (i32.const 2)))
    (v128.store offset=3856 (local.get $next) (i8x16.add (i8x16.splat (local.get $next)) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)))
    (v128.store offset=3936 (local.get $next) (i8x16.add (i8x16.splat (local.get $next)) (v128.const i8x16 -1 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14)))
    (local.set $at (i32.add (local.get $at) (i32.const 64)))
    (br_if $more (i32.lt_u (local.get $at) (local.get $lanes))))
  (local.set $at (i32.const 1))
  (loop $bytes
    (local.set $next (i32.shl (local.get $at) (i32.const 2)))
    (local.set $right (i32.load8_u (i32.add (local.get $start) (i32.sub (local.get $at) (i32.const 1)))))
    (local.set $best (i32.load offset=1792 (i32.shl (local.get $right) (i32.const 2))))
    (if (i32.lt_s (local.get $best) (i32.const 0)) (then (return (i32.const -1))))
    (i32.store offset=3328 (local.get $next) (local.get $best))
    (if (i32.gt_u (local.get $at) (i32.const 1))
      (then
        (local.set $best (i32.load (i32.add (global.get $bytePairs) (i32.or (i32.shl (local.get $left) (i32.const 10)) (i32.shl (local.get $right) (i32.const 2))))))
        (i32.store offset=3596 (local.get $next) (i32.or (i32.shl (i32.sub (local.get $best) (i32.const 1)) (i32.const 6)) (i32.sub (local.get $at) (i32.const 1))))))
    (local.set $left (local.get $right))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $bytes (i32.le_u (local.get $at) (local.get $size))))
  ;; No pair has the id before the first symbol and after the last one.
  (i32.store offset=3328 (i32.const 0) (i32.const 0x1fffff))
  (i32.store offset=3328 (i32.shl (local.get $at) (i32.const 2)) (i32.const 0x1fffff))
  (block $done
    (loop $merges
      (local.set $keys (v128.const i32x4 -1 -1 -1 -1))
      (local.set $at (i32.const 0))
      (loop $more
        (local.set $keys (i32x4.min_u (local.get $keys) (i32x4.min_u
          (i32x4.min_u (v128.load offset=3600 (local.get $at)) (v128.load offset=3616 (local.get $at)))
          (i32x4.min_u (v128.load offset=3632 (local.get $at)) (v128.load offset=3648 (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br_if $more (i32.lt_u (local.get $at) (local.get $lanes))))
      (local.set $keys (i32x4.min_u (local.get $keys) (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $keys) (local.get $keys))))
      (local.set $best (i32x4.extract_lane 0 (i32x4.min_u (local.get $keys) (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $keys) (local.get $keys)))))
      (br_if $done (i32.lt_s (local.get $best) (i32.const 0)))
      (local.set $at (i32.and (local.get $best) (i32.const 63)))
      (local.set $best (i32.load (i32.add (global.get $made) (i32.shl (i32.shr_u (local.get $best) (i32.const 6)) (i32.const 2)))))
      (local.set $right (i32.load8_u offset=3856 (local.get $at)))
      (local.set $next (i32.load8_u offset=3856 (local.get $right)))
      (local.set $left (i32.load8_u offset=3936 (local.get $at)))
      (i32.store8 offset=3856 (local.get $at) (local.get $next))
      (i32.store8 offset=3936 (local.get $next) (local.get $at))
      (i32.store offset=3600 (i32.shl (local.get $right) (i32.const 2)) (i32.const -1))
      (i32.store offset=3328 (i32.shl (local.get $at) (i32.const 2)) (local.get $best))
      (i32.store offset=3600 (i32.shl (local.get $at) (i32.const 2))
        (call $key (local.get $best) (i32.load offset=3328 (i32.shl (local.get $next) (i32.const 2))) (local.get $at)))
      (i32.store offset=3600 (i32.shl (local.get $left) (i32.const 2))
        (call $key (i32.load offset=3328 (i32.shl (local.get $left) (i32.const 2))) (local.get $best) (local.get $left)))
      (br $merges)))
  (local.set $at (i32.const 1))
  (loop $symbols
    (i32.store (local.get $out) (i32.load offset=3328 (i32.shl (local.get $at) (i32.const 2))))
    (local.set $out (i32.add (local.get $out) (i32.const 4)))
    (local.set $count (i32.add (local.get $count) (i32.const 1)))
    (local.set $at (i32.load8_u offset=3856 (local.get $at)))
    (br_if $symbols (i32.le_u (local.get $at) (local.get $size))))
  (local.get $count))
