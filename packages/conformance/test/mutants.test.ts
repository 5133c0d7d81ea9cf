import { memoryBusHarness, testAdapter } from '@sync/conformance'
import { allRules, mutants, rulesWithoutMutant, runMutant } from '@sync/conformance/mutants'
import { describe, expect, test } from 'vitest'

describe('runMutant(mutant)', () => {
  const cases = mutants.map((mutant) => [mutant.rule, mutant.name, mutant] as const)
  test.each(cases)('fails %s with the expected message when the adapter %s', async (_, __, mutant) => {
    const { caught, message } = await runMutant(mutant)
    expect(message).toMatch(mutant.expectedMessage)
    expect(caught).toBe(true)
  })
})

describe('the rules', () => {
  test('include no MUST rule without a mutant', () => {
    expect(rulesWithoutMutant(mutants, 'MUST')).toEqual([])
  })

  test('have a unique id, a level, a sentence and a hint', () => {
    const rules = allRules()
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
    for (const { id, level, statement, hint } of rules) {
      expect(id).toMatch(/^(BUS|STORE|SYNC)-[A-Z]+-\d\d$/)
      expect(['MUST', 'SHOULD']).toContain(level)
      expect(statement).toMatch(/^[A-Z`'"].*\.$/s)
      expect(hint).toMatch(/[.`]$/)
    }
  })
})

describe('testAdapter(adapter)', () => {
  test('runs all other rules when one of them hangs', async () => {
    const hanging = mutants.find(({ name }) => name === 'hangs on an invalid scope')
    if (hanging?.kind !== 'bus') throw new Error('no such mutant')
    const [report] = await testAdapter({ name: 'hanging', bus: hanging.createHarness }, { kinds: ['bus'] })
    expect(report?.rules.filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual(['BUS-SUB-11'])
    expect(report?.ok).toBe(false)
  })

  test('fails a rule with a timeout when the harness never opens a client', async () => {
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
    expect(report?.rules[0]?.reason).toContain('timed out: opening a client did not settle within 500 ms')
  })
})

describe('BUS-H-01', () => {
  test.each([
    [{ delivery: 'exactly-once' }, 'delivery: expected one of "at-most-once", "at-least-once", got "exactly-once"'],
    [{ replay: 'from-offset' }, "replay 'from-offset' with delivery 'at-most-once'"],
    [{ delivery: 'at-least-once' }, "durability 'sent' with delivery 'at-least-once'"],
    [{ maxPayloadBytes: 10 }, 'maxPayloadBytes: expected an integer of at least 1024, got 10'],
  ])('fails when a bus declares %j', async (declared, message) => {
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
