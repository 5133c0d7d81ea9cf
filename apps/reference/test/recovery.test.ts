import { expect, it } from 'vitest'
import { described } from '../src/disturbance.ts'
import { Recovery, sequenceOf } from '../src/recovery.ts'

it('times a replica until it is where the writer was', () => {
  const recovery = new Recovery()
  recovery.begin('a', 10, 100)
  expect(recovery.reached('a', 9, 150)).toBeUndefined()
  expect(recovery.reached('b', 10, 150)).toBeUndefined()
  expect(recovery.reached('a', 12, 160)).toBe(60)
  expect(recovery.reached('a', 13, 170)).toBeUndefined()
})

it('times nothing that was disturbed again', () => {
  const recovery = new Recovery()
  recovery.begin('a', 10, 100)
  recovery.cancel('a')
  expect(recovery.reached('a', 12, 160)).toBeUndefined()
})

it('reads the sequence of a position', () => {
  expect(sequenceOf('1234.Ab9')).toBe(1_234)
})

it('puts a disturbance in words', () => {
  expect(described({})).toBe('')
  expect(described({ drop: 0.2, delayMs: 200 })).toBe('20 % of its messages lost, its messages 200 ms late')
})
