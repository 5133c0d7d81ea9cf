import { setTimeout } from 'node:timers/promises'
import { connect } from '@sync/config'
import { prices } from './catalogue.ts'

const redis = process.env['REDIS_URL'] ?? 'redis://localhost:6379'
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const instance = await connect({ store: redis, bus: redis })
const eu = instance.collection(prices, { partition: 'eu' })

const start = { lamp: 4900, chair: 12900, desk: 34900 }
for (const [article, cents] of Object.entries(start)) {
  const { created, entry } = await eu.create(article, { cents })
  console.log(`${article} ${created ? 'created at' : 'already costs'} ${entry.value.cents}`)
}

const articles = Object.keys(start)
for (let n = 0; !stop.signal.aborted; n++) {
  const article = articles[n % articles.length] as string
  // The recipe runs again if another writer was first: it must depend on nothing but the draft.
  await eu.update(article, (price) => {
    price.cents += 1
  })
  console.log(`${article} raised to ${eu.peek(article)?.cents}`)
  await setTimeout(1_000, undefined, { signal: stop.signal }).catch(() => {})
}
await instance.close()
