;; The tables in which words stand with their tokens: of those of up to fifteen bytes, which is looked at for every word, and of longer
;; ones. What is put there drives out what stood in its place.

;; The table of words: sets of two entries of 32 bytes: fifteen bytes of word and its length; five tokens of three bytes and
;; how many they are.
(global $words (export "words") (mut i32) (i32.const 0))
;; The table of words of 16 to 63 bytes: 2 ** 15 entries of 128 bytes: the word and, in the last byte, its length; up to fifteen tokens and how many they are.
(global $longWords (export "longWords") (mut i32) (i32.const 0))
;; How many sets there are, and may come to be, a power of two each; how far the hash of a word is shifted to be the number of its set;
;; how many words were put into the table.
(global $sets (export "sets") (mut i32) (i32.const 0))
(global $most (export "most") (mut i32) (i32.const 0))
(global $shift (export "shift") (mut i64) (i64.const 0))
(global $kept (mut i32) (i32.const 0))

;; Makes the table twice as large, in place: each set becomes two, from the last one on.
(func $grow
  (local $set i32) (local $from i32) (local $at i32) (local $key0 i64) (local $key1 i64) (local $other0 i64) (local $other1 i64)
  (local $value v128) (local $other v128)
  (global.set $shift (i64.sub (global.get $shift) (i64.const 1)))
  (local.set $set (global.get $sets))
  (global.set $sets (i32.shl (global.get $sets) (i32.const 1)))
  (loop $next
    (local.set $set (i32.sub (local.get $set) (i32.const 1)))
    (local.set $from (i32.add (global.get $words) (i32.shl (local.get $set) (i32.const 6))))
    (local.set $key0 (i64.load (local.get $from)))
    (local.set $key1 (i64.load offset=8 (local.get $from)))
    (local.set $value (v128.load offset=16 (local.get $from)))
    (local.set $other0 (i64.load offset=32 (local.get $from)))
    (local.set $other1 (i64.load offset=40 (local.get $from)))
    (local.set $other (v128.load offset=48 (local.get $from)))
    (local.set $from (i32.add (global.get $words) (i32.shl (local.get $set) (i32.const 7))))
    (memory.fill (local.get $from) (i32.const 0) (i32.const 128))
    (if (i64.ne (local.get $key1) (i64.const 0))
      (then
        (local.set $at (call $set (local.get $key0) (local.get $key1)))
        (i64.store (local.get $at) (local.get $key0))
        (i64.store offset=8 (local.get $at) (local.get $key1))
        (v128.store offset=16 (local.get $at) (local.get $value))))
    (if (i64.ne (local.get $other1) (i64.const 0))
      (then
        (local.set $at (call $set (local.get $other0) (local.get $other1)))
        (if (i64.ne (i64.load offset=8 (local.get $at)) (i64.const 0)) (then (local.set $at (i32.add (local.get $at) (i32.const 32)))))
        (i64.store (local.get $at) (local.get $other0))
        (i64.store offset=8 (local.get $at) (local.get $other1))
        (v128.store offset=16 (local.get $at) (local.get $other))))
    (br_if $next (local.get $set))))

;; The set of a word.
(func $set (param $key0 i64) (param $key1 i64) (result i32)
  (i32.add (global.get $words) (i32.shl (i32.wrap_i64 (i64.shr_u
    (i64.add (i64.mul (local.get $key0) (i64.const 0x9e3779b97f4a7c15)) (i64.mul (local.get $key1) (i64.const 0xd6e8feb86659fd93)))
    (global.get $shift))) (i32.const 6))))

;; Looks at the sets of the words that wait: all of them are on their way from memory at once then.
(func $touch
  (local $at i32) (local $sum i32)
  (local.set $at (i32.const 4096))
  (loop $next
    (local.set $sum (i32.add (local.get $sum) (i32.load (i32.load offset=16 (local.get $at)))))
    (local.set $at (i32.add (local.get $at) (i32.const 32)))
    (br_if $next (i32.lt_u (local.get $at) (global.get $waiting))))
  (global.set $touched (local.get $sum)))

;; Gives the words that wait their tokens, at $out. @returns where they end
(func $give (param $out i32) (result i32)
  (local $at i32) (local $entry i32) (local $count i32) (local $start i32) (local $end i32) (local $key0 i64) (local $key1 i64) (local $moved v128)
  (local.set $at (i32.const 4096))
  (loop $next
    (local.set $key0 (i64.load (local.get $at)))
    (local.set $key1 (i64.load offset=8 (local.get $at)))
    (local.set $entry (i32.load offset=16 (local.get $at)))
    (block $found
      (br_if $found (i32.and (i64.eq (i64.load (local.get $entry)) (local.get $key0)) (i64.eq (i64.load offset=8 (local.get $entry)) (local.get $key1))))
      ;; The second entry of the set; it changes places with the first.
      (if (i32.and (i64.eq (i64.load offset=32 (local.get $entry)) (local.get $key0)) (i64.eq (i64.load offset=40 (local.get $entry)) (local.get $key1)))
        (then
          (local.set $moved (v128.load offset=48 (local.get $entry)))
          (v128.store offset=32 (local.get $entry) (v128.load (local.get $entry)))
          (v128.store offset=48 (local.get $entry) (v128.load offset=16 (local.get $entry)))
          (i64.store (local.get $entry) (local.get $key0))
          (i64.store offset=8 (local.get $entry) (local.get $key1))
          (v128.store offset=16 (local.get $entry) (local.get $moved))
          (br $found)))
      (local.set $start (i32.load offset=20 (local.get $at)))
      (local.set $end (i32.load offset=24 (local.get $at)))
      (local.set $count (call $tokens (local.get $start) (local.get $end) (local.get $out)))
      (if (i32.and (i32.le_u (local.get $count) (i32.const 5)) (i32.le_u (i32.sub (local.get $end) (local.get $start)) (i32.const 15)))
        (then
          ;; Words that come once drive one another out, not those that come again.
          (if (i64.ne (i64.load offset=8 (local.get $entry)) (i64.const 0)) (then (local.set $entry (i32.add (local.get $entry) (i32.const 32)))))
          (global.set $kept (i32.add (global.get $kept) (i32.const 1)))
          (i64.store (local.get $entry) (local.get $key0))
          (i64.store offset=8 (local.get $entry) (local.get $key1))
          (v128.store offset=16 (local.get $entry) (i8x16.swizzle (v128.load (local.get $out)) (v128.const i8x16 0 1 2 4 5 6 8 9 10 12 13 14 -1 -1 -1 -1)))
          (i32.store offset=28 (local.get $entry) (i32.or (i32.load offset=16 (local.get $out)) (i32.shl (local.get $count) (i32.const 24))))))
      (local.set $out (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $waiting)))
      (return (local.get $out)))
    (v128.store (local.get $out) (i8x16.swizzle (v128.load offset=16 (local.get $entry)) (v128.const i8x16 0 1 2 -1 3 4 5 -1 6 7 8 -1 9 10 11 -1)))
    (local.set $count (i32.load offset=28 (local.get $entry)))
    (i32.store offset=16 (local.get $out) (i32.and (local.get $count) (i32.const 0xffffff)))
    (local.set $out (i32.add (local.get $out) (i32.shl (i32.shr_u (local.get $count) (i32.const 24)) (i32.const 2))))
    (local.set $at (i32.add (local.get $at) (i32.const 32)))
    (br_if $next (i32.lt_u (local.get $at) (global.get $waiting))))
  (local.get $out))

;; Leaves the tokens of a word that is not in the table at $out. @returns how many they are
(func $tokens (param $start i32) (param $end i32) (param $out i32) (result i32)
  (local $size i32) (local $count i32) (local $entry i32) (local $hash i64) (local $one v128) (local $two v128) (local $three v128) (local $four v128)
  (local.set $size (i32.sub (local.get $end) (local.get $start)))
  (if (i32.le_u (i32.sub (local.get $size) (i32.const 16)) (i32.const 47))
    (then
      (local.set $entry (i32.sub (i32.const 6208) (local.get $size)))
      (local.set $one (v128.load (local.get $start)))
      (local.set $two (v128.and (v128.load offset=16 (local.get $start)) (v128.load offset=16 (local.get $entry))))
      (local.set $three (v128.and (v128.load offset=32 (local.get $start)) (v128.load offset=32 (local.get $entry))))
      (local.set $four (i8x16.replace_lane 15 (v128.and (v128.load offset=48 (local.get $start)) (v128.load offset=48 (local.get $entry))) (local.get $size)))
      (local.set $hash (call $mix (call $mix (call $mix (call $mix (i64.const 0) (local.get $one)) (local.get $two)) (local.get $three)) (local.get $four)))
      (local.set $entry (i32.add (global.get $longWords) (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $hash) (i64.const 49))) (i32.const 7))))
      (if (i32.eqz (v128.any_true (v128.or
          (v128.or (v128.xor (v128.load (local.get $entry)) (local.get $one)) (v128.xor (v128.load offset=16 (local.get $entry)) (local.get $two)))
          (v128.or (v128.xor (v128.load offset=32 (local.get $entry)) (local.get $three)) (v128.xor (v128.load offset=48 (local.get $entry)) (local.get $four))))))
        (then
          (call $copy (i32.add (local.get $entry) (i32.const 64)) (local.get $out))
          (return (i32.load offset=124 (local.get $entry)))))))
  (local.set $count (if (result i32) (i32.le_u (local.get $size) (i32.const 63))
    (then (call $merge (local.get $start) (local.get $size) (local.get $out)))
    (else (i32.const -1))))
  (if (i32.lt_s (local.get $count) (i32.const 0)) (then (local.set $count (call $slow (local.get $start) (local.get $end) (local.get $out)))))
  (if (i32.and (i32.ne (local.get $entry) (i32.const 0)) (i32.le_u (local.get $count) (i32.const 15)))
    (then
      (v128.store (local.get $entry) (local.get $one))
      (v128.store offset=16 (local.get $entry) (local.get $two))
      (v128.store offset=32 (local.get $entry) (local.get $three))
      (v128.store offset=48 (local.get $entry) (local.get $four))
      (call $copy (local.get $out) (i32.add (local.get $entry) (i32.const 64)))
      (i32.store offset=124 (local.get $entry) (local.get $count))))
  (local.get $count))

;; A hash with sixteen bytes more.
(func $mix (param $hash i64) (param $bytes v128) (result i64)
  (i64.add
    (i64.mul (i64.add (i64.rotl (local.get $hash) (i64.const 32)) (i64x2.extract_lane 0 (local.get $bytes))) (i64.const 0x9e3779b97f4a7c15))
    (i64.mul (i64x2.extract_lane 1 (local.get $bytes)) (i64.const 0xd6e8feb86659fd93))))

;; Copies sixteen numbers.
(func $copy (param $from i32) (param $to i32)
  (v128.store (local.get $to) (v128.load (local.get $from)))
  (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
  (v128.store offset=32 (local.get $to) (v128.load offset=32 (local.get $from)))
  (v128.store offset=48 (local.get $to) (v128.load offset=48 (local.get $from))))
