;; The merges and their hash table.

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

;; Fills the hash table of src/model/merge-ranks.ts from the merges; it holds zeros before. $probes is how many
;; places may be looked at in vain. @returns 0 where those are too few
(func (export "ranks") (param $slots i32) (param $mask i32) (param $probes i32) (result i32)
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
          (local.set $probes (i32.sub (local.get $probes) (i32.const 1)))
          (if (i32.eqz (local.get $probes)) (then (return (i32.const 0))))
          (br $probe)))
      (local.set $rank (i32.add (local.get $rank) (i32.const 1)))
      (i32.store (local.get $slot) (local.get $rank))
      (br $more)))
  (i32.const 1))
