import { parseArgs } from 'node:util'
import { fuzz, targets } from './targets.ts'

// `pnpm fuzz` gives each target a million inputs; `--seed S --inputs 1` gives it one of them again.
const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
for (const name of Object.keys(targets)) {
  const { taken, refused } = fuzz(name, Number(values.inputs), Number(values.seed))
  const megabytes = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
  console.log(`✓ ${name}: ${taken} taken, ${refused} refused, ${megabytes} MB in use`)
}
