import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '@sync/conformance/cli'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
afterAll(() => rmSync(folder, { recursive: true }))

const source = JSON.stringify(join(import.meta.dirname, '../src/index.ts'))
const adapterFile = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, `import { memoryBusHarness } from ${source}\n${text}\n`)
  return file
}

async function run(...args: string[]): Promise<{ code: number; lines: string }> {
  const lines: string[] = []
  const code = await main(args, (line) => lines.push(line))
  return { code, lines: lines.join('\n') }
}

describe('sync-conformance', () => {
  test('writes every rule to the reports, and exits with 1 when a kind has no executed rule', async () => {
    const adapter = adapterFile('good.mjs', `export default { name: 'good', bus: memoryBusHarness }`)
    const [json, markdown] = [join(folder, 'report.json'), join(folder, 'report.md')]
    const { code, lines } = await run('--adapter', adapter, '--only', 'BUS', '--json', json, '--markdown', markdown)
    expect(lines).toMatch(/✓ good \(bus\): \d+ passed, 0 failed/)
    const [report] = JSON.parse(readFileSync(json, 'utf8'))
    expect(report).toMatchObject({ adapter: 'good', kind: 'bus', counts: { failed: 0 } })
    for (const { id, level, status, reason } of report.rules) {
      expect(id).toMatch(/^BUS-/)
      expect(['MUST', 'SHOULD']).toContain(level)
      if (status === 'skipped') expect(reason).toBeTruthy()
    }
    expect(readFileSync(markdown, 'utf8')).toMatch(/\| BUS-ORD-01 \| MUST \| passed \| Changes of one publisher/)
    // No id of a stack rule begins with BUS, and a report without executed rules is a failure.
    expect(code).toBe(1)
    expect(lines).toContain('✗ good (sync): no rule was executed')
  })

  test('prints the rule, the observation, the seed and the hint of a failure', async () => {
    const adapter = adapterFile(
      'bad.mjs',
      `export default {
      name: 'bad',
      async bus() {
        const harness = await memoryBusHarness()
        return { ...harness, async open() {
          const bus = await harness.open()
          let count = 0
          const subscribe = (scope, onFrame, options) =>
            bus.subscribe(scope, (frame) => ++count % 50 === 0 || onFrame(frame), options)
          return {
            capabilities: bus.capabilities, subscribe, publish: (...args) => bus.publish(...args),
            onStatus: (listener) => bus.onStatus(listener), close: () => bus.close(),
          }
        } }
      },
    }`,
    )
    const { code, lines } = await run('--adapter', adapter, '--only', 'BUS-DEL-01', '--seed', '7')
    expect(code).toBe(1)
    expect(lines).toContain('✗ BUS-DEL-01: A connected bus loses no change')
    expect(lines).toMatch(/key "k\d": sent .* ← \d+ never arrived, client B/)
    expect(lines).toContain('seed 7')
    expect(lines).toContain('If this fails: Look for a buffer')
  })

  test.each([
    [[], 'expected --adapter FILE. See --help'],
    [['--adaptr', 'a.ts'], 'unknown option --adaptr; did you mean --adapter? See --help'],
    [['--adapter', 'a.ts', '--seed', 'x'], '--seed: expected an integer of at least 0, got "x". See --help'],
    [['--adapter', join(folder, 'missing.mjs')], 'missing.mjs: cannot load the file'],
  ])('exits with 2 and prints the problem for the arguments %j', async (args, message) => {
    const { code, lines } = await run(...args)
    expect(code).toBe(2)
    expect(lines).toContain(message)
  })

  test('prints its usage for --help', async () => {
    const { code, lines } = await run('--help')
    expect(code).toBe(0)
    expect(lines).toContain('Usage: sync-conformance --adapter FILE')
  })
})
