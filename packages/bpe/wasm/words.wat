;; Cuts a text into words and gives each its tokens: src/model/word-loop.ts, sixteen bytes at a time, with tables of recent
;; words. src/model/word-kernel.ts lays out the memory and calls $run; what is rare comes back
;; to TypeScript: where words end that are no letters, and tokens of words that $merge leaves.

(import "model" "scan" (func $scan (param $start i32) (param $to i32) (result i32)))
(import "model" "slow" (func $slow (param $start i32) (param $end i32) (param $out i32) (result i32)))

(memory (export "memory") 1)

;; Tables by byte, at fixed places, which word-kernel.ts fills:
;;     0  1 where the byte belongs to the word of the letters after it
;;   256  1 where the byte after letters says that the word may not end there
;;   512  the kind of the byte, 0 to 30; 31 for what is not known
;;   768  bit k: a word of this byte alone ends before a byte of kind k
;;  1792  its token, -1 for none
;; And by length, up to 16, of 16 bytes each: 2816 the bits of the bytes of a word.
;; From 6144 on 64 bytes of ones and 64 of zeros.
;; Words that were cut and wait for their tokens stand from 4096 on, 32 bytes each: the two parts of their key, their set in the table, where
;; they start and end.

;; 1 where a capital or a quote after small letters may change where the word ends; then only the first letter may be a capital.
(global $cased (export "cased") (mut i32) (i32.const 0))
;; The entries of src/unicode/classes.ts up to U+FFFF; the bit of marks where those count as letters, else 0.
(global $classes (export "classes") (mut i32) (i32.const 0))
(global $marks (export "marks") (mut i32) (i32.const 0))
;; Where the words that wait end.
(global $waiting (mut i32) (i32.const 0))
(global $touched (mut i32) (i32.const 0))

;; Appends the tokens of the words of the text [$start, $to), with 16 bytes of room behind it, at $out, which has room for one
;; token a byte and sixteen more. @returns where they end
(func (export "run") (param $start i32) (param $to i32) (param $out i32) (result i32)
  (v128.store (local.get $to) (v128.const i64x2 0 0))
  (loop $next
    (if (i32.ge_u (local.get $start) (local.get $to)) (then (return (local.get $out))))
    (local.set $start (call $cut (local.get $start) (local.get $to)))
    (call $touch)
    (local.set $out (call $give (local.get $out)))
    (if (i32.and (i32.gt_u (global.get $kept) (global.get $sets)) (i32.lt_u (global.get $sets) (global.get $most))) (then (call $grow)))
    (br $next))
  (unreachable))

;; Where the word at $start ends that is not a prefix and ASCII letters alone; those end at $at.
(func $end (param $start i32) (param $prefix i32) (param $at i32) (param $to i32) (result i32)
  (local $letters i32) (local $end i32) (local $kind i32)
  (local.set $letters (i32.add (local.get $start) (local.get $prefix)))
  ;; A byte by itself
  (if (i32.and (i32.shr_u (i32.load offset=768 (i32.shl (i32.load8_u (local.get $start)) (i32.const 2))) (i32.load8_u offset=512 (i32.load8_u offset=1 (local.get $start)))) (i32.const 1))
    (then (return (i32.add (local.get $start) (i32.const 1)))))
  (if (i32.ge_u (i32.load8_u (local.get $at)) (i32.const 0x80))
    (then
      (if (i32.eqz (global.get $cased))
        (then
          ;; Letters go on.
          (local.set $end (local.get $at))
          (block $ended
            (loop $more
              (if (i32.lt_u (i32.load8_u (local.get $end)) (i32.const 0x80))
                (then
                  (br_if $ended (i32.ge_u (i32.sub (i32.or (i32.load8_u (local.get $end)) (i32.const 0x20)) (i32.const 97)) (i32.const 26)))
                  (local.set $end (i32.add (local.get $end) (i32.const 1)))
                  (br $more)))
              (br_if $ended (i32.ge_u (i32.load8_u (local.get $end)) (i32.const 0xf0)))
              (local.set $kind (call $class (local.get $end)))
              (br_if $ended (i32.eqz (i32.or (i32.eq (i32.and (local.get $kind) (i32.const 3)) (i32.const 1)) (i32.and (local.get $kind) (global.get $marks)))))
              (local.set $end (i32.add (local.get $end) (select (i32.const 2) (i32.const 3) (i32.lt_u (i32.load8_u (local.get $end)) (i32.const 0xe0)))))
              (br $more)))
          (if (i32.and (i32.gt_u (local.get $end) (local.get $letters)) (i32.lt_u (i32.load8_u (local.get $end)) (i32.const 0xf0))) (then (return (local.get $end))))))
      ;; A character by itself that is no letter, number, mark or whitespace: as an exclamation mark
      (if (i32.and (i32.eq (local.get $at) (local.get $start)) (i32.lt_u (i32.load8_u (local.get $start)) (i32.const 0xf0)))
        (then
          (if (i32.eqz (i32.and (call $class (local.get $start)) (i32.const 19)))
            (then
              (local.set $end (i32.add (local.get $start) (select (i32.const 2) (i32.const 3) (i32.lt_u (i32.load8_u (local.get $start)) (i32.const 0xe0)))))
              (if (i32.and (i32.shr_u (i32.load offset=900 (i32.const 0)) (i32.load8_u offset=512 (i32.load8_u (local.get $end)))) (i32.const 1))
                (then (return (local.get $end))))))))))
  (call $scan (local.get $start) (local.get $to)))

;; The entry of src/unicode/classes.ts for the character of two or three bytes at $at.
(func $class (param $at i32) (result i32)
  (local $first i32) (local $code i32)
  (local.set $first (i32.load8_u (local.get $at)))
  (local.set $code (i32.and (i32.load8_u offset=1 (local.get $at)) (i32.const 0x3f)))
  (i32.load8_u (i32.add (global.get $classes) (if (result i32) (i32.lt_u (local.get $first) (i32.const 0xe0))
    (then (i32.or (i32.shl (i32.and (local.get $first) (i32.const 0x1f)) (i32.const 6)) (local.get $code)))
    (else (i32.or (i32.or (i32.shl (i32.and (local.get $first) (i32.const 0x0f)) (i32.const 12)) (i32.shl (local.get $code) (i32.const 6)))
      (i32.and (i32.load8_u offset=2 (local.get $at)) (i32.const 0x3f))))))))

;; Cuts up to 64 words off the text. @returns where the next one starts
(func $cut (param $start i32) (param $to i32) (result i32)
  (local $prefix i32) (local $end i32) (local $bits i32) (local $size i32) (local $at i32)
  (local $key0 i64) (local $key1 i64) (local $fold v128) (local $bytes v128)
  (local.set $fold (i8x16.splat (if (result i32) (global.get $cased) (then (i32.const 0)) (else (i32.const 0x20)))))
  (local.set $at (i32.const 4096))
  (loop $next
    (local.set $prefix (i32.load8_u (i32.load8_u (local.get $start))))
    (local.set $bytes (v128.load (local.get $start)))
    (local.set $bits (i32.and (i8x16.bitmask (i8x16.ge_u (i8x16.sub (v128.or (local.get $bytes) (local.get $fold)) (v128.const i8x16 97 97 97 97 97 97 97 97 97 97 97 97 97 97 97 97)) (v128.const i8x16 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26))) (i32.xor (local.get $prefix) (i32.const -1))))
    (if (global.get $cased)
      (then
        ;; The first letter may be a capital.
        (local.set $bits (i32.and (local.get $bits) (i32.or
          (i8x16.bitmask (i8x16.ge_u (i8x16.sub (v128.or (local.get $bytes) (i8x16.splat (i32.const 0x20))) (v128.const i8x16 97 97 97 97 97 97 97 97 97 97 97 97 97 97 97 97)) (v128.const i8x16 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26)))
          (i32.xor (i32.shl (i32.const 1) (local.get $prefix)) (i32.const -1)))))))
    (local.set $end (local.get $start))
    (block $ended
      (loop $more
        (br_if $ended (local.get $bits))
        (local.set $end (i32.add (local.get $end) (i32.const 16)))
        (local.set $bits (i8x16.bitmask (i8x16.ge_u (i8x16.sub (v128.or (v128.load (local.get $end)) (local.get $fold)) (v128.const i8x16 97 97 97 97 97 97 97 97 97 97 97 97 97 97 97 97)) (v128.const i8x16 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26))))
        (br $more)))
    (local.set $end (i32.add (local.get $end) (i32.ctz (local.get $bits))))
    (if (i32.or (i32.eq (local.get $end) (i32.add (local.get $start) (local.get $prefix))) (i32.load8_u offset=256 (i32.load8_u (local.get $end))))
      (then (local.set $end (call $end (local.get $start) (local.get $prefix) (local.get $end) (local.get $to)))))
    (local.set $size (i32.sub (local.get $end) (local.get $start)))
    (local.set $size (select (local.get $size) (i32.const 16) (i32.lt_u (local.get $size) (i32.const 16))))
    (local.set $bits (i32.shl (local.get $size) (i32.const 4)))
    (local.set $key0 (i64.and (i64.load (local.get $start)) (i64.load offset=2816 (local.get $bits))))
    (local.set $key1 (i64.or (i64.and (i64.load offset=8 (local.get $start)) (i64.load offset=2824 (local.get $bits))) (i64.shl (i64.extend_i32_u (local.get $size)) (i64.const 56))))
    (i64.store (local.get $at) (local.get $key0))
    (i64.store offset=8 (local.get $at) (local.get $key1))
    ;; As $set does; a call for every word would take longer.
    (i32.store offset=16 (local.get $at) (i32.add (global.get $words) (i32.shl (i32.wrap_i64 (i64.shr_u
      (i64.add (i64.mul (local.get $key0) (i64.const 0x9e3779b97f4a7c15)) (i64.mul (local.get $key1) (i64.const 0xd6e8feb86659fd93)))
      (global.get $shift))) (i32.const 6))))
    (i32.store offset=20 (local.get $at) (local.get $start))
    (i32.store offset=24 (local.get $at) (local.get $end))
    (local.set $at (i32.add (local.get $at) (i32.const 32)))
    (local.set $start (local.get $end))
    (br_if $next (i32.and (i32.lt_u (local.get $start) (local.get $to)) (i32.lt_u (local.get $at) (i32.const 6144)))))
  (global.set $waiting (local.get $at))
  (local.get $start))
