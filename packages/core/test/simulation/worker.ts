import { parentPort } from 'node:worker_threads'
import { firstFailure, type SeedRange } from './first-failure.ts'

// answers each range with the first schedule in it that fails, or null
parentPort?.on('message', (range: SeedRange) => {
  void firstFailure(range).then((failure) => parentPort?.postMessage(failure ?? null))
})
