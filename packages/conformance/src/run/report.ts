import type { TestContext } from '../context/test-context.ts'
import type { Adapter, BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'
import { stackHarnessFactory } from '../harness/stack.ts'
import { type RuleResult, type RunOptions, runRule, type Suite } from './run.ts'
import { busSuite, storeSuite, syncSuite } from './suites.ts'

/** Kind of an adapter under test: a bus, a store, or a whole stack. */
export type Kind = 'bus' | 'store' | 'sync'

/** Results of all rules of one kind. */
export interface Report {
  /** Name of the adapter. */
  readonly adapter: string
  readonly kind: Kind
  readonly rules: readonly RuleResult[]
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number }
  /** True if no rule failed and at least one was executed. */
  readonly ok: boolean
  readonly seed: number
  /** Duration in ms. */
  readonly ms: number
}

/** Options of {@link testAdapter}: a selection of rules, and a listener for results. */
export interface ReportOptions extends RunOptions {
  /** Kinds to test. Default: all that the adapter offers. */
  readonly kinds?: readonly Kind[]
  /** Prefix of the ids of the rules to run. Default: all rules. */
  readonly only?: string
  /** Called after each rule with the adapter's name. */
  readonly onResult?: (adapter: string, result: RuleResult) => void
}

/** Runs every rule that applies to an adapter: to its bus, to its store, and to the stack of both. */
export async function testAdapter(adapter: Adapter, options: ReportOptions = {}): Promise<Report[]> {
  const { kinds = ['bus', 'store', 'sync'] } = options
  const reports: Report[] = []
  if (adapter.bus && kinds.includes('bus'))
    reports.push(
      await testSuite<BusHarness, TestContext<BusHarness>>(
        adapter.name,
        'bus',
        busSuite as never,
        adapter.bus,
        options,
      ),
    )
  if (adapter.store && kinds.includes('store'))
    reports.push(
      await testSuite<StoreHarness, TestContext<StoreHarness>>(
        adapter.name,
        'store',
        storeSuite as never,
        adapter.store,
        options,
      ),
    )
  if (kinds.includes('sync'))
    reports.push(
      await testSuite<SyncHarness, TestContext<SyncHarness>>(
        adapter.name,
        'sync',
        syncSuite as never,
        stackHarnessFactory(adapter),
        options,
      ),
    )
  return reports
}

async function testSuite<H extends Harness, C extends TestContext<H>>(
  adapter: string,
  kind: Kind,
  suite: Suite<H, C>,
  createHarness: () => Promise<H>,
  { only = '', onResult, seed = 1, ...options }: ReportOptions,
): Promise<Report> {
  const started = performance.now()
  const rules: RuleResult[] = []
  for (const rule of suite.rules.filter(({ id }) => id.startsWith(only))) {
    const result = await runRule(rule, suite.open, createHarness, { ...options, seed })
    rules.push(result)
    onResult?.(adapter, result)
  }
  const count = (status: RuleResult['status']): number => rules.filter((rule) => rule.status === status).length
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
  return {
    adapter,
    kind,
    rules,
    counts,
    ok: counts.failed === 0 && counts.passed > 0,
    seed,
    ms: Math.round(performance.now() - started),
  }
}

/** Formats reports as Markdown tables. */
export function toMarkdown(reports: readonly Report[]): string {
  return `${reports.map(reportToMarkdown).join('\n')}`
}

function reportToMarkdown({ adapter, kind, rules, counts, seed }: Report): string {
  const rows = rules.map(
    ({ id, level, statement, status, reason = '' }) =>
      `| ${id} | ${level} | ${status} | ${escapeCell(statement)} | ${escapeCell(status === 'failed' ? (reason.split('\n')[1]?.trim() ?? '') : reason)} |`,
  )
  return [
    `## ${adapter} (${kind})`,
    '',
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped; seed ${seed}`,
    '',
    '| rule | level | status | statement | reason |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
