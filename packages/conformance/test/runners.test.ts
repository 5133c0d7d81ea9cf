import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describeBusConformance, memoryBusHarness, type Runner, type TestHandle } from '@sync/conformance'
import { expect, test } from 'vitest'

/** Describes for a runner of our own, and runs what it was given. */
async function run(createHarness: typeof memoryBusHarness): Promise<Map<string, string>> {
  const tests: [string, (handle: TestHandle) => Promise<void>][] = []
  const runner: Runner = {
    describe: (_, define) => define(),
    it: (name, body) => tests.push([name, body]),
  }
  describeBusConformance({ name: 'x', createHarness, runner, deadline: 20_000, stateTimeout: 500 })
  const outcomes = new Map<string, string>()
  for (const [name, body] of tests) {
    let outcome = 'passed'
    const skip = (reason = ''): void => {
      outcome = `skipped: ${reason}`
    }
    await body({ skip }).catch((error: Error) => {
      outcome = error.message
    })
    outcomes.set(name, outcome)
  }
  return outcomes
}

test('any runner with describe and it will do; a skip tells its reason', async () => {
  const outcomes = await run(memoryBusHarness)
  const skipped = [...outcomes.values()].filter((each) => each.startsWith('skipped: '))
  expect(skipped.length).toBeGreaterThan(0)
  expect(skipped.every((each) => each.length > 'skipped: '.length)).toBe(true)
  expect([...outcomes.values()].filter((each) => each !== 'passed')).toEqual(skipped)
}, 60_000)

test('an adapter whose broker cannot be reached fails every rule, and the count of those executed', async () => {
  const outcomes = await run(() => Promise.reject(new Error('connect ECONNREFUSED')))
  expect(outcomes.get('at least one rule was executed')).toBe('passed')
  const [first] = outcomes.values()
  expect(first).toContain('the harness cannot be made: unexpected Error: connect ECONNREFUSED')
  expect([...outcomes.values()].filter((each) => each === 'passed')).toHaveLength(1)
})

test('node:test runs the same rules: a good bus passes, a bad one fails where it must', () => {
  const program = join(import.meta.dirname, 'programs/node-runner.ts')
  const { stdout } = spawnSync(process.execPath, ['--conditions=@sync/source', '--test-reporter=tap', program], {
    encoding: 'utf8',
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  const [good = '', bad = ''] = stdout.split('# Subtest: conformance of a bad bus')
  expect(good).toContain('ok 1 - conformance of a good bus')
  expect(good).not.toContain('not ok')
  expect(good).toMatch(/# SKIP replay 'none' has no offsets/)
  expect(bad).toMatch(/not ok \d+ - BUS-DEL-05/)
  expect(bad).toContain('publish while the broker is away: was not refused but answered nothing')
  expect(bad).toMatch(/\n {4}ok \d+ - BUS-ORD-01/)
}, 60_000)
