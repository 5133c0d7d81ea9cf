import { expect, it } from 'vitest'
import { Trail } from '../src/trail.ts'

it('tells how far one is behind the writer as of then, and since when', () => {
  const trail = new Trail()
  trail.passed('e', 5, 100)
  trail.passed('e', 8, 200)
  trail.passed('e', 8, 300)
  expect([trail.behind('e', 6, 150), trail.behindMs('e', 6, 150)]).toEqual([0, 0])
  expect([trail.behind('e', 6, 350), trail.behindMs('e', 6, 350)]).toEqual([2, 150])
  expect([trail.behind('e', 8, 350), trail.behindMs('e', 8, 350)]).toEqual([0, 0])
})

it('compares nothing over epochs, and begins anew where history was lost', () => {
  const trail = new Trail()
  trail.passed('e', 5, 100)
  expect(trail.behind('other', 1, 200)).toBe(0)
  trail.passed('f', 3, 200)
  expect(trail.behind('f', 3, 300)).toBe(0)
  expect(trail.behind('f', 1, 300)).toBe(2)
})
