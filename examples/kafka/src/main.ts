import { setTimeout } from 'node:timers/promises'
import { connect } from '@sync/config'
import { type Collection, defineCollection } from '@sync/core'

/** A worker's entry in the list of workers. */
interface Worker {
  /** Number of jobs in the worker's queue. */
  jobs: number
}
const workers = defineCollection<Worker>({
  section: 'example-worker',
  // A worker writes its entry every second; the entry of a worker that has ended expires.
  ttl: '10s',
  replicate: 'all',
})

const store = process.env['STORE_URL'] ?? 'memory:example'
const bus = process.env['KAFKA_URL'] ?? 'kafka://localhost:9092'
const names = process.argv.length > 2 ? process.argv.slice(2) : ['ada', 'bob']
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

/** One worker with an instance of its own: reports its queue, and prints the reports of the others. */
async function work(name: string): Promise<void> {
  const instance = await connect({ store, bus })
  instance.onEvent((event) => {
    if (event.type === 'bus') console.log(`${name}: bus ${event.status}`)
    if (event.type === 'publish-failed') console.log(`${name}: ${event.changes} changes not published`)
  })
  const list = instance.collection(workers, { partition: 'eu' })
  await list.ready()
  console.log(`${name}: ready`)
  await Promise.all([report(name, list), watch(name, list)])
  const { changes, gaps, propagation, receivedBytes } = instance.stats()
  console.log(`${name}: ${changes} changes by others, ${gaps} gaps, median ${propagation.p50.toFixed(1)} ms`)
  console.log(`${name}: ${receivedBytes} bytes from the bus`)
  await instance.close()
}

async function report(name: string, list: Collection<Worker>): Promise<void> {
  while (!stop.signal.aborted) {
    await list.set(name, { jobs: Math.floor(Math.random() * 100) }, { meta: { actor: name } })
    await setTimeout(1_000, undefined, { signal: stop.signal }).catch(() => {})
  }
}

async function watch(name: string, list: Collection<Worker>): Promise<void> {
  for await (const batch of list.changes({ signal: stop.signal })) {
    for (const change of batch) {
      if (change.key === name) continue
      const ms = (Date.now() - change.at).toFixed(1)
      const news = 'value' in change ? `has ${change.value.jobs} jobs, ${ms} ms after its commit` : 'is gone'
      console.log(`${name}: ${change.key} ${news}`)
    }
  }
}

await Promise.all(names.map(work))
