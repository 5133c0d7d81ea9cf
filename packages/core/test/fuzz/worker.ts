import { parentPort, workerData } from 'node:worker_threads'
import { targetsIn } from './all-targets.ts'
import { fuzz } from './fuzz.ts'
import type { FuzzTask } from './fuzz-in-worker.ts'

// gives one target its inputs; says which one it is at, so that somebody else sees when it goes no further
const { file, name, inputs, seed, progress } = workerData as FuzzTask & { readonly progress: SharedArrayBuffer }
const at = new Float64Array(progress)
Error.stackTraceLimit = 0
const target = (await targetsIn(file))[name]
if (!target) throw new Error(`${file} has no target ${name}`)
parentPort?.postMessage(
  fuzz(target, inputs, seed, (now) => {
    at[0] = now
  }),
)
