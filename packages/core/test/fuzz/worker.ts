import { parentPort, workerData } from 'node:worker_threads'
import { targetsIn } from './all-targets.ts'
import { fuzz } from './fuzz.ts'
import type { FuzzTask } from './fuzz-in-worker.ts'

// Worker thread: gives one target its inputs. Shares the current seed, so that the main thread detects a target that hangs.
const { file, name, inputs, seed, progress } = workerData as FuzzTask & { readonly progress: SharedArrayBuffer }
const at = new Float64Array(progress)
Error.stackTraceLimit = 0
const target = (await targetsIn(file))[name]
if (!target) throw new Error(`${file}: expected a target named "${name}", got none`)
parentPort?.postMessage(
  fuzz(target, inputs, seed, (now) => {
    at[0] = now
  }),
)
