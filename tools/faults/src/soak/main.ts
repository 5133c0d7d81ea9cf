import { commandLine } from '../command-line.ts'
import { describeSoak, isSteady } from './report.ts'
import { soak } from './soak.ts'

// `pnpm soak`
await commandLine('soak', async (options) => {
  const result = await soak(options, console.log)
  console.log(describeSoak(result))
  return isSteady(result)
})
