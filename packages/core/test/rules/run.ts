import { prove } from './prove.ts'
import { rules } from './table.ts'

// `pnpm rules` proves all rules, `pnpm rules <prefix> …` those whose names begin with a prefix.
const prefixes = process.argv.slice(2)
const selected = rules.filter(({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)))
if (selected.length === 0) throw new Error(`expected a prefix of a rule name, got ${prefixes.join(' ')}`)
const started = performance.now()
const verdicts = await prove(selected)
const width = Math.max(...verdicts.map(({ rule }) => rule.name.length))
for (const { rule, problem } of verdicts) {
  const { file, name } = rule.provenBy
  console.log(`${problem ? '✗' : '✓'} ${rule.name.padEnd(width)}  ${problem ?? 'red'}  ${file} > ${name}`)
  if (prefixes.length > 0) console.log(`    ${rule.statement}. Otherwise ${rule.consequence}.`)
}
const failed = verdicts.filter(({ problem }) => problem !== undefined)
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`\nrules: ${verdicts.length - failed.length} proven, ${failed.length} not proven (${seconds} s)`)
process.exitCode = failed.length === 0 ? 0 : 1
