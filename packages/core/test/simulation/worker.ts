import { parentPort } from 'node:worker_threads'
import { firstFailure, type Range } from './first-failure.ts'

// answers each range with the first schedule in it that fails, or null
parentPort?.on('message', (range: Range) => {
  void firstFailure(range).then((failure) => parentPort?.postMessage(failure ?? null))
})
