;; Values of JSON.

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
  (local.get $at))
