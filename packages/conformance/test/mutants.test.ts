import { memoryBusHarness, testAdapter } from '@sync/conformance'
import { allRules, mutants, rulesWithoutMutant, runMutant } from '@sync/conformance/mutants'
import { describe, expect, test } from 'vitest'

describe('a mutant is caught by its rule, in the expected words', () => {
  test.each(mutants.map((mutant) => [mutant.rule, mutant.name, mutant] as const))('%s: %s', async (_, __, mutant) => {
    const { caught, message } = await runMutant(mutant)
    expect(message).toMatch(mutant.expectedMessage)
    expect(caught).toBe(true)
  })
})

test('every MUST rule is proven by a mutant', () => {
  expect(rulesWithoutMutant(mutants, 'MUST')).toEqual([])
})

test('every rule has an id of its own, a level, a sentence and a hint', () => {
  const rules = allRules()
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
  for (const { id, level, statement, hint } of rules) {
    expect(id).toMatch(/^(BUS|STORE|SYNC)-[A-Z]+-\d\d$/)
    expect(['MUST', 'SHOULD']).toContain(level)
    expect(statement).toMatch(/^[A-Z`'"].*\.$/s)
    expect(hint).toMatch(/[.`]$/)
  }
})

test('a bus that hangs fails rules, but does not hold up the others', async () => {
  const hanging = mutants.find(({ name }) => name === 'never answers for a scope that is none')
  if (hanging?.kind !== 'bus') throw new Error('no such mutant')
  const [report] = await testAdapter({ name: 'hanging', bus: hanging.createHarness }, { kinds: ['bus'] })
  expect(report?.rules.filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual(['BUS-SUB-11'])
  expect(report?.ok).toBe(false)
})

test('a handler of the adapter that never ends is cut off as a hang', async () => {
  const [report] = await testAdapter(
    {
      name: 'stuck',
      async bus() {
        const harness = await memoryBusHarness()
        return { ...harness, open: () => new Promise(() => {}) }
      },
    },
    { kinds: ['bus'], only: 'BUS-ORD-01', deadline: 500 },
  )
  expect(report?.rules[0]).toMatchObject({ status: 'failed' })
  expect(report?.rules[0]?.reason).toContain('hangs: opening a client has not ended after 500 ms')
})

describe('contradictory capabilities are refused', () => {
  test.each([
    [{ delivery: 'exactly-once' }, 'delivery: "exactly-once" is not known'],
    [{ replay: 'from-offset' }, "replay 'from-offset' with delivery 'at-most-once'"],
    [{ delivery: 'at-least-once' }, "durability 'sent' with delivery 'at-least-once'"],
    [{ maxPayloadBytes: 10 }, 'maxPayloadBytes: 10 is no whole number from 1024 on'],
  ])('%j', async (declared, message) => {
    const [report] = await testAdapter(
      {
        name: 'declared',
        async bus() {
          const harness = await memoryBusHarness()
          const open = async () => {
            const bus = await harness.open()
            Object.defineProperty(bus, 'capabilities', { value: { ...bus.capabilities, ...declared } })
            return bus
          }
          return { ...harness, open }
        },
      },
      { kinds: ['bus'], only: 'BUS-H-01' },
    )
    expect(report?.rules[0]?.reason).toContain(message)
  })
})
