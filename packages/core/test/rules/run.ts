import { prove } from './prove.ts'
import { rules } from './table.ts'

// `pnpm rules` proves them all, `pnpm rules <name> …` those whose names begin so.
const wanted = process.argv.slice(2)
const chosen = rules.filter(({ name }) => wanted.length === 0 || wanted.some((each) => name.startsWith(each)))
if (chosen.length === 0) throw new Error(`no such rule: ${wanted.join(' ')}`)
const started = performance.now()
const verdicts = await prove(chosen)
const width = Math.max(...verdicts.map(({ rule }) => rule.name.length))
for (const { rule, problem } of verdicts) {
  const { file, name } = rule.provenBy
  console.log(`${problem ? '✗' : '✓'} ${rule.name.padEnd(width)}  ${problem ?? 'red'}  ${file} > ${name}`)
  if (wanted.length > 0) console.log(`    ${rule.statement}. Else ${rule.consequence}.`)
}
const failed = verdicts.filter(({ problem }) => problem !== undefined)
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`\nrules: ${verdicts.length - failed.length} proven, ${failed.length} not (${seconds} s)`)
process.exitCode = failed.length === 0 ? 0 : 1
