;; Reads the vocabulary and the merges of a tokenizer out of their bytes and builds the tables that encoding needs. A new
;; process runs this at once; the same in JavaScript is interpreted for most of the time that loading takes.
;;
;; src/load/table-builder.ts lays out the memory and calls the exports in turn; src/load/reader.ts reads files anew in
;; TypeScript where anything here gives 0, or traps: errors are found and worded there. All texts end in a byte 0. Places in the arena and the
;; tables of tokens are counted from their starts.
;;
;; npm run wasm -w @llm/bpe makes src/load/module.ts of this file.
(module
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

  ;; The first place from $at on where no blank of JSON stands.
  (func $blanks (param $at i32) (result i32)
    (local $byte i32)
    (loop $more
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.le_u (local.get $byte) (i32.const 0x20))
        (then
          (if (i32.or
                (i32.or (i32.eq (local.get $byte) (i32.const 0x20)) (i32.eq (local.get $byte) (i32.const 0x0a)))
                (i32.or (i32.eq (local.get $byte) (i32.const 0x0d)) (i32.eq (local.get $byte) (i32.const 0x09))))
            (then
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $more))))))
    (local.get $at))

  ;; The value of a hexadecimal digit, or more than 15.
  (func $digit (param $byte i32) (result i32)
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x30)) (i32.const 10))
      (then (return (i32.sub (local.get $byte) (i32.const 0x30)))))
    (local.set $byte (i32.sub (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x61)))
    (select (i32.add (local.get $byte) (i32.const 10)) (i32.const 16) (i32.lt_u (local.get $byte) (i32.const 6))))

  ;; Writes one byte of a string.
  (func $write (param $byte i32)
    (i32.store8 (global.get $to) (local.get $byte))
    (global.set $to (i32.add (global.get $to) (i32.const 1)))
    (global.set $hash (i32.mul (i32.xor (global.get $hash) (local.get $byte)) (i32.const 0x5bd1e995))))

  ;; Writes what an escape stands for, whose backslash is before $at. @returns where it ends, or 0
  (func $escape (param $at i32) (result i32)
    (local $byte i32) (local $code i32) (local $end i32)
    (local.set $byte (i32.load8_u (local.get $at)))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (if (i32.eq (local.get $byte) (i32.const 0x75)) ;; u
      (then
        (local.set $end (i32.add (local.get $at) (i32.const 4)))
        (loop $digits
          (local.set $byte (call $digit (i32.load8_u (local.get $at))))
          (if (i32.gt_u (local.get $byte) (i32.const 15)) (then (return (i32.const 0))))
          (local.set $code (i32.or (i32.shl (local.get $code) (i32.const 4)) (local.get $byte)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $digits (i32.lt_u (local.get $at) (local.get $end))))
        ;; A surrogate
        (if (i32.eq (i32.and (local.get $code) (i32.const 0xf800)) (i32.const 0xd800)) (then (return (i32.const 0))))
        (if (i32.ge_u (local.get $code) (i32.const 0x80))
          (then
            (if (i32.lt_u (local.get $code) (i32.const 0x800))
              (then (call $write (i32.or (i32.const 0xc0) (i32.shr_u (local.get $code) (i32.const 6)))))
              (else
                (call $write (i32.or (i32.const 0xe0) (i32.shr_u (local.get $code) (i32.const 12))))
                (call $write (i32.or (i32.const 0x80) (i32.and (i32.shr_u (local.get $code) (i32.const 6)) (i32.const 0x3f))))))
            (local.set $code (i32.or (i32.const 0x80) (i32.and (local.get $code) (i32.const 0x3f))))))
        (call $write (local.get $code))
        (return (local.get $at))))
    (if (i32.or (i32.eq (local.get $byte) (i32.const 0x22)) (i32.or (i32.eq (local.get $byte) (i32.const 0x5c)) (i32.eq (local.get $byte) (i32.const 0x2f))))
      (then
        (call $write (local.get $byte))
        (return (local.get $at))))
    (if (i32.eq (local.get $byte) (i32.const 0x62)) (then (local.set $code (i32.const 0x08)))) ;; b
    (if (i32.eq (local.get $byte) (i32.const 0x66)) (then (local.set $code (i32.const 0x0c)))) ;; f
    (if (i32.eq (local.get $byte) (i32.const 0x6e)) (then (local.set $code (i32.const 0x0a)))) ;; n
    (if (i32.eq (local.get $byte) (i32.const 0x72)) (then (local.set $code (i32.const 0x0d)))) ;; r
    (if (i32.eq (local.get $byte) (i32.const 0x74)) (then (local.set $code (i32.const 0x09)))) ;; t
    (if (i32.eqz (local.get $code)) (then (return (i32.const 0))))
    (call $write (local.get $code))
    (local.get $at))

  ;; Writes the UTF-8 of one character beyond ASCII. @returns where it ends, or 0
  (func $character (param $at i32) (result i32)
    (local $first i32) (local $second i32) (local $left i32)
    (local.set $first (i32.load8_u (local.get $at)))
    (local.set $second (i32.load8_u offset=1 (local.get $at)))
    (if (i32.lt_u (i32.sub (local.get $first) (i32.const 0xc2)) (i32.const 0x1e))
      (then (local.set $left (i32.const 1)))
      (else
        (if (i32.eq (i32.and (local.get $first) (i32.const 0xf0)) (i32.const 0xe0))
          (then
            (local.set $left (i32.const 2))
            ;; Longer than need be, or a surrogate
            (if (i32.and (i32.eq (local.get $first) (i32.const 0xe0)) (i32.lt_u (local.get $second) (i32.const 0xa0))) (then (return (i32.const 0))))
            (if (i32.and (i32.eq (local.get $first) (i32.const 0xed)) (i32.ge_u (local.get $second) (i32.const 0xa0))) (then (return (i32.const 0))))
            (if (i32.and (i32.eq (local.get $first) (i32.const 0xef)) (i32.eq (i32.load16_u offset=1 (local.get $at)) (i32.const 0xbdbf)))
              (then (global.set $replaced (i32.add (global.get $replaced) (i32.const 1))))))
          (else
            (if (i32.gt_u (i32.sub (local.get $first) (i32.const 0xf0)) (i32.const 4)) (then (return (i32.const 0))))
            (local.set $left (i32.const 3))
            ;; Longer than need be, or beyond Unicode
            (if (i32.and (i32.eq (local.get $first) (i32.const 0xf0)) (i32.lt_u (local.get $second) (i32.const 0x90))) (then (return (i32.const 0))))
            (if (i32.and (i32.eq (local.get $first) (i32.const 0xf4)) (i32.ge_u (local.get $second) (i32.const 0x90))) (then (return (i32.const 0))))))))
    (call $write (local.get $first))
    (loop $bytes
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $second (i32.load8_u (local.get $at)))
      (if (i32.ne (i32.and (local.get $second) (i32.const 0xc0)) (i32.const 0x80)) (then (return (i32.const 0))))
      (call $write (local.get $second))
      (br_if $bytes (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.add (local.get $at) (i32.const 1)))

  ;; Writes the string that begins with the quote at $at to $to. @returns where it ends, or 0
  (func $string (param $at i32) (param $to i32) (result i32)
    (local $byte i32) (local $hash i32)
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (loop $more
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x22))
        (then
          (global.set $to (local.get $to))
          (global.set $hash (local.get $hash))
          (return (i32.add (local.get $at) (i32.const 1)))))
      (if (i32.or (i32.eq (local.get $byte) (i32.const 0x5c)) (i32.ge_u (local.get $byte) (i32.const 0x80)))
        (then
          (global.set $to (local.get $to))
          (global.set $hash (local.get $hash))
          (if (i32.eq (local.get $byte) (i32.const 0x5c))
            (then (local.set $at (call $escape (i32.add (local.get $at) (i32.const 1)))))
            (else (local.set $at (call $character (local.get $at)))))
          (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
          (local.set $to (global.get $to))
          (local.set $hash (global.get $hash))
          (br $more)))
      (if (i32.lt_u (local.get $byte) (i32.const 0x20)) (then (return (i32.const 0))))
      (i32.store8 (local.get $to) (local.get $byte))
      (local.set $hash (i32.mul (i32.xor (local.get $hash) (local.get $byte)) (i32.const 0x5bd1e995)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $more))
    (unreachable))

  ;; Reads an object of ids by token: writes the tokens to the arena, and id, start, end and hash of each to $entries.
  ;; @returns where it ends, or 0
  (func (export "vocab") (param $at i32) (param $arena i32) (param $entries i32) (param $ids i32) (result i32)
    (local $byte i32) (local $id i32) (local $from i32)
    (global.set $arena (local.get $arena))
    (global.set $to (local.get $arena))
    (global.set $count (i32.const 0))
    (global.set $limit (i32.const 0))
    (global.set $replaced (i32.const 0))
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x7b)) (then (return (i32.const 0))))
    (loop $more
      (local.set $from (global.get $to))
      (local.set $at (call $string (call $blanks (i32.add (local.get $at) (i32.const 1))) (local.get $from)))
      (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
      (local.set $at (call $blanks (local.get $at)))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x3a)) (then (return (i32.const 0))))
      (local.set $at (call $blanks (i32.add (local.get $at) (i32.const 1))))
      (local.set $id (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x30)))
      (if (i32.gt_u (local.get $id) (i32.const 9)) (then (return (i32.const 0))))
      (loop $digits
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $byte (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x30)))
        (if (i32.le_u (local.get $byte) (i32.const 9))
          (then
            ;; A number does not begin with 0.
            (if (i32.eqz (local.get $id)) (then (return (i32.const 0))))
            (local.set $id (i32.add (i32.mul (local.get $id) (i32.const 10)) (local.get $byte)))
            (br_if $digits (i32.lt_u (local.get $id) (local.get $ids))))))
      (if (i32.ge_u (local.get $id) (local.get $ids)) (then (return (i32.const 0))))
      (if (i32.ge_u (local.get $id) (global.get $limit)) (then (global.set $limit (i32.add (local.get $id) (i32.const 1)))))
      (i32.store (local.get $entries) (local.get $id))
      (i32.store offset=4 (local.get $entries) (i32.sub (local.get $from) (local.get $arena)))
      (i32.store offset=8 (local.get $entries) (i32.sub (global.get $to) (local.get $arena)))
      (i32.store offset=12 (local.get $entries) (global.get $hash))
      (local.set $entries (i32.add (local.get $entries) (i32.const 16)))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (local.set $at (call $blanks (local.get $at)))
      (local.set $byte (i32.load8_u (local.get $at)))
      (br_if $more (i32.eq (local.get $byte) (i32.const 0x2c))))
    (if (i32.ne (local.get $byte) (i32.const 0x7d)) (then (return (i32.const 0))))
    (i32.add (local.get $at) (i32.const 1)))

  ;; Whether the bytes at two places are the same.
  (func $same (param $one i32) (param $other i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $one) (local.get $length)))
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $one) (local.get $end)))
        (if (i32.ne (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other))) (then (return (i32.const 0))))
        (local.set $one (i32.add (local.get $one) (i32.const 1)))
        (local.set $other (i32.add (local.get $other) (i32.const 1)))
        (br $more)))
    (i32.const 1))

  ;; Where the token of some bytes stands in the hash table, or the free place that it belongs to.
  (func $slot (param $from i32) (param $length i32) (param $hash i32) (result i32)
    (local $place i32) (local $slot i32) (local $id i32) (local $start i32)
    (local.set $place (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 15))))
    (loop $more
      (global.set $probes (i32.sub (global.get $probes) (i32.const 1)))
      (if (i32.lt_s (global.get $probes) (i32.const 0)) (then (unreachable)))
      (local.set $slot (i32.add (global.get $slots) (i32.shl (i32.and (local.get $place) (global.get $mask)) (i32.const 3))))
      (local.set $id (i32.load offset=4 (local.get $slot)))
      (if (i32.eqz (local.get $id)) (then (return (local.get $slot))))
      (if (i32.eq (i32.load (local.get $slot)) (local.get $hash))
        (then
          (local.set $id (i32.shl (i32.sub (local.get $id) (i32.const 1)) (i32.const 2)))
          (local.set $start (i32.load (i32.add (global.get $starts) (local.get $id))))
          (if (i32.eq (i32.sub (i32.load (i32.add (global.get $ends) (local.get $id))) (local.get $start)) (local.get $length))
            (then
              (if (call $same (i32.add (global.get $arena) (local.get $start)) (local.get $from) (local.get $length))
                (then (return (local.get $slot))))))))
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (br $more))
    (unreachable))

  ;; Fills the tables of tokens from what "vocab" wrote; all of them hold zeros before. @returns 0 where an id or a token is there twice
  (func (export "index") (param $entries i32) (param $starts i32) (param $ends i32) (param $slots i32) (param $mask i32) (result i32)
    (local $end i32) (local $place i32) (local $slot i32)
    (global.set $starts (local.get $starts))
    (global.set $ends (local.get $ends))
    (global.set $slots (local.get $slots))
    (global.set $mask (local.get $mask))
    (global.set $probes (i32.add (i32.const 1024) (i32.shl (local.get $mask) (i32.const 4))))
    (memory.fill (local.get $starts) (i32.const 0xff) (i32.shl (global.get $limit) (i32.const 2)))
    (local.set $end (i32.add (local.get $entries) (i32.shl (global.get $count) (i32.const 4))))
    (loop $more
      (local.set $place (i32.shl (i32.load (local.get $entries)) (i32.const 2)))
      (if (i32.ne (i32.load (i32.add (local.get $starts) (local.get $place))) (i32.const -1)) (then (return (i32.const 0))))
      (local.set $slot
        (call $slot
          (i32.add (global.get $arena) (i32.load offset=4 (local.get $entries)))
          (i32.sub (i32.load offset=8 (local.get $entries)) (i32.load offset=4 (local.get $entries)))
          (i32.load offset=12 (local.get $entries))))
      (if (i32.load offset=4 (local.get $slot)) (then (return (i32.const 0))))
      (i32.store (i32.add (local.get $starts) (local.get $place)) (i32.load offset=4 (local.get $entries)))
      (i32.store (i32.add (local.get $ends) (local.get $place)) (i32.load offset=8 (local.get $entries)))
      (i32.store (local.get $slot) (i32.load offset=12 (local.get $entries)))
      (i32.store offset=4 (local.get $slot) (i32.add (i32.load (local.get $entries)) (i32.const 1)))
      (local.set $entries (i32.add (local.get $entries) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $entries) (local.get $end))))
    (i32.const 1))

  ;; Where merges are written to, and how many may come.
  (func (export "begin") (param $merges i32) (param $made i32) (param $most i32)
    (global.set $merges (local.get $merges))
    (global.set $made (local.get $made))
    (global.set $most (local.get $most))
    (global.set $next (i32.const 0))
    (global.set $count (i32.const 0))
    (global.set $probes (i32.add (i32.const 1024) (i32.shl (local.get $most) (i32.const 5)))))

  ;; The id of a token, or -1.
  (func $find (param $from i32) (param $to i32) (param $hash i32) (result i32)
    (i32.sub (i32.load offset=4 (call $slot (local.get $from) (i32.sub (local.get $to) (local.get $from)) (local.get $hash))) (i32.const 1)))

  ;; Adds the merge of the tokens [from, middle) and [middle, to). @returns 0 where there is no such token
  (func $merge (param $from i32) (param $middle i32) (param $to i32) (param $leftHash i32) (param $rightHash i32) (result i32)
    (local $left i32) (local $right i32) (local $made i32) (local $place i32) (local $start i32) (local $hash i32)
    (if (i32.ge_u (global.get $count) (global.get $most)) (then (return (i32.const 0))))
    (local.set $left (call $find (local.get $from) (local.get $middle) (local.get $leftHash)))
    (local.set $right (call $find (local.get $middle) (local.get $to) (local.get $rightHash)))
    (if (i32.or (i32.lt_s (local.get $left) (i32.const 0)) (i32.lt_s (local.get $right) (i32.const 0))) (then (return (i32.const 0))))
    ;; Most files have their merges in the order of the ids that they make.
    (local.set $made (i32.const -1))
    (if (i32.lt_u (global.get $next) (global.get $limit))
      (then
        (local.set $place (i32.shl (global.get $next) (i32.const 2)))
        (local.set $start (i32.load (i32.add (global.get $starts) (local.get $place))))
        (if (i32.eq (i32.sub (i32.load (i32.add (global.get $ends) (local.get $place))) (local.get $start)) (i32.sub (local.get $to) (local.get $from)))
          (then
            (if (call $same (i32.add (global.get $arena) (local.get $start)) (local.get $from) (i32.sub (local.get $to) (local.get $from)))
              (then (local.set $made (global.get $next))))))))
    (if (i32.lt_s (local.get $made) (i32.const 0))
      (then
        (local.set $hash (local.get $leftHash))
        (local.set $place (local.get $middle))
        (block $hashed
          (loop $more
            (br_if $hashed (i32.ge_u (local.get $place) (local.get $to)))
            (local.set $hash (i32.mul (i32.xor (local.get $hash) (i32.load8_u (local.get $place))) (i32.const 0x5bd1e995)))
            (local.set $place (i32.add (local.get $place) (i32.const 1)))
            (br $more)))
        (local.set $made (call $find (local.get $from) (local.get $to) (local.get $hash)))
        (if (i32.lt_s (local.get $made) (i32.const 0)) (then (return (i32.const 0))))))
    (global.set $next (i32.add (local.get $made) (i32.const 1)))
    (local.set $place (i32.add (global.get $merges) (i32.shl (global.get $count) (i32.const 3))))
    (i32.store (local.get $place) (local.get $left))
    (i32.store offset=4 (local.get $place) (local.get $right))
    (i32.store (i32.add (global.get $made) (i32.shl (global.get $count) (i32.const 2))) (local.get $made))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.const 1))

  ;; Whether a line ends at $at, perhaps in a carriage return.
  (func $lineEnds (param $at i32) (param $end i32) (result i32)
    (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 1))))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x0a)) (then (return (i32.const 1))))
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x0d)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (i32.or (i32.eq (local.get $at) (local.get $end)) (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x0a))))

  ;; Reads merges, "left right" per line; $scratch has room for the longest. @returns 0 where a line is none
  (func (export "lines") (param $at i32) (param $end i32) (param $scratch i32) (result i32)
    (local $byte i32) (local $to i32) (local $middle i32) (local $left i32) (local $hash i32)
    (loop $more
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 1))))
      (local.set $to (local.get $scratch))
      (local.set $middle (i32.const 0))
      (local.set $hash (i32.const 0))
      (block $line
        (loop $bytes
          (local.set $byte (i32.load8_u (local.get $at)))
          (if (i32.le_u (local.get $byte) (i32.const 0x20))
            (then
              (br_if $line (call $lineEnds (local.get $at) (local.get $end)))
              (if (i32.eq (local.get $byte) (i32.const 0x20))
                (then
                  (if (local.get $middle) (then (return (i32.const 0))))
                  (local.set $middle (local.get $to))
                  (local.set $left (local.get $hash))
                  (local.set $hash (i32.const 0))
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (br $bytes)))))
          (i32.store8 (local.get $to) (local.get $byte))
          (local.set $hash (i32.mul (i32.xor (local.get $hash) (local.get $byte)) (i32.const 0x5bd1e995)))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $bytes)))
      ;; Past the end of the line
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x0d)) (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (local.get $middle)
        (then
          (br_if $more (call $merge (local.get $scratch) (local.get $middle) (local.get $to) (local.get $left) (local.get $hash)))
          (return (i32.const 0))))
      ;; An empty line
      (br_if $more (i32.eq (local.get $to) (local.get $scratch))))
    (i32.const 0))

  ;; Reads a list of merges, "left right" or ["left", "right"] each. @returns where it ends, or 0
  (func (export "list") (param $at i32) (param $scratch i32) (result i32)
    (local $byte i32) (local $to i32) (local $middle i32) (local $left i32) (local $hash i32) (local $place i32)
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5b)) (then (return (i32.const 0))))
    (local.set $at (call $blanks (i32.add (local.get $at) (i32.const 1))))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x5d)) (then (return (i32.add (local.get $at) (i32.const 1)))))
    (loop $more
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x5b))
        (then
          (local.set $at (call $string (call $blanks (i32.add (local.get $at) (i32.const 1))) (local.get $scratch)))
          (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
          (local.set $middle (global.get $to))
          (local.set $left (global.get $hash))
          (local.set $at (call $blanks (local.get $at)))
          (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x2c)) (then (return (i32.const 0))))
          (local.set $at (call $string (call $blanks (i32.add (local.get $at) (i32.const 1))) (local.get $middle)))
          (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
          (local.set $to (global.get $to))
          (local.set $hash (global.get $hash))
          (local.set $at (call $blanks (local.get $at)))
          (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5d)) (then (return (i32.const 0))))
          (local.set $at (i32.add (local.get $at) (i32.const 1))))
        (else
          (local.set $at (call $string (local.get $at) (local.get $scratch)))
          (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
          ;; The blank is taken out.
          (local.set $middle (i32.const 0))
          (local.set $hash (i32.const 0))
          (local.set $to (local.get $scratch))
          (local.set $place (local.get $scratch))
          (block $split
            (loop $bytes
              (br_if $split (i32.ge_u (local.get $place) (global.get $to)))
              (local.set $byte (i32.load8_u (local.get $place)))
              (local.set $place (i32.add (local.get $place) (i32.const 1)))
              (if (i32.eq (local.get $byte) (i32.const 0x20))
                (then
                  (if (local.get $middle) (then (return (i32.const 0))))
                  (local.set $middle (local.get $to))
                  (local.set $left (local.get $hash))
                  (local.set $hash (i32.const 0))
                  (br $bytes)))
              (i32.store8 (local.get $to) (local.get $byte))
              (local.set $hash (i32.mul (i32.xor (local.get $hash) (local.get $byte)) (i32.const 0x5bd1e995)))
              (local.set $to (i32.add (local.get $to) (i32.const 1)))
              (br $bytes)))
          (if (i32.eqz (local.get $middle)) (then (return (i32.const 0))))))
      (if (i32.eqz (call $merge (local.get $scratch) (local.get $middle) (local.get $to) (local.get $left) (local.get $hash))) (then (return (i32.const 0))))
      (local.set $at (call $blanks (local.get $at)))
      (local.set $byte (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.eq (local.get $byte) (i32.const 0x2c))
        (then
          (local.set $at (call $blanks (local.get $at)))
          (br $more))))
    (if (i32.ne (local.get $byte) (i32.const 0x5d)) (then (return (i32.const 0))))
    (local.get $at))

  ;; Fills the hash table of src/model/merge-ranks.ts from the merges; it holds zeros before.
  (func (export "ranks") (param $slots i32) (param $mask i32)
    (local $rank i32) (local $pair i64) (local $place i32) (local $slot i32) (local $other i32)
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $rank) (global.get $count)))
        (local.set $slot (i32.add (global.get $merges) (i32.shl (local.get $rank) (i32.const 3))))
        (local.set $pair (i64.load (local.get $slot)))
        (local.set $place (i32.xor (i32.mul (i32.load (local.get $slot)) (i32.const 0x9e3779b1)) (i32.mul (i32.load offset=4 (local.get $slot)) (i32.const 0x85ebca6b))))
        (local.set $place (i32.xor (local.get $place) (i32.shr_u (local.get $place) (i32.const 15))))
        (block $found
          (loop $probe
            (local.set $slot (i32.add (local.get $slots) (i32.shl (i32.and (local.get $place) (local.get $mask)) (i32.const 2))))
            (local.set $other (i32.load (local.get $slot)))
            (br_if $found (i32.eqz (local.get $other)))
            (br_if $found (i64.eq (i64.load (i32.add (global.get $merges) (i32.shl (i32.sub (local.get $other) (i32.const 1)) (i32.const 3)))) (local.get $pair)))
            (local.set $place (i32.add (local.get $place) (i32.const 1)))
            (br $probe)))
        (local.set $rank (i32.add (local.get $rank) (i32.const 1)))
        (i32.store (local.get $slot) (local.get $rank))
        (br $more))))

  ;; Where the JSON value that begins at $at ends, or 0; that it is well formed is not sure.
  (func (export "skip") (param $at i32) (result i32)
    (local $byte i32) (local $depth i32)
    (loop $more
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eqz (local.get $byte)) (then (return (i32.const 0))))
      (if (i32.eq (local.get $byte) (i32.const 0x22))
        (then
          (loop $string
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $byte (i32.load8_u (local.get $at)))
            (if (i32.eqz (local.get $byte)) (then (return (i32.const 0))))
            (if (i32.eq (local.get $byte) (i32.const 0x5c))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $string (i32.load8_u (local.get $at)))
                (return (i32.const 0))))
            (br_if $string (i32.ne (local.get $byte) (i32.const 0x22)))))
        (else
          (if (i32.or (i32.eq (local.get $byte) (i32.const 0x7b)) (i32.eq (local.get $byte) (i32.const 0x5b)))
            (then (local.set $depth (i32.add (local.get $depth) (i32.const 1))))
            (else
              (if (i32.or (i32.eq (local.get $byte) (i32.const 0x7d)) (i32.eq (local.get $byte) (i32.const 0x5d)))
                (then
                  ;; The end of what a number or a word stands in
                  (if (i32.eqz (local.get $depth)) (then (return (local.get $at))))
                  (local.set $depth (i32.sub (local.get $depth) (i32.const 1))))
                (else
                  (if (i32.eqz (local.get $depth))
                    (then
                      (if (i32.eq (local.get $byte) (i32.const 0x2c)) (then (return (local.get $at))))
                      (local.set $at (i32.add (local.get $at) (i32.const 1)))
                      (br $more)))))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (local.get $depth)))
    (local.get $at)))
