;; The vocabulary and its hash table.

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
