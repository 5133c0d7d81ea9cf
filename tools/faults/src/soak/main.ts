import { commandLine } from '../command-line.ts'
import { describe, steady } from './report.ts'
import { soak } from './soak.ts'

// `pnpm soak`
await commandLine('soak', async (options) => {
  const soaked = await soak(options, console.log)
  console.log(describe(soaked))
  return steady(soaked)
})
