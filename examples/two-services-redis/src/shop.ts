import { connect } from '@sync/config'
import { prices } from './catalogue.ts'

const redis = process.env['REDIS_URL'] ?? 'redis://localhost:6379'
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const instance = await connect({ store: redis, bus: redis })
instance.onEvent((event) => {
  if (event.type === 'store-unavailable') console.log('Redis is unavailable: prices may be old')
  if (event.type === 'store-available') console.log('Redis is available again')
})
const eu = instance.collection(prices, { partition: 'eu' })

const basket = { lamp: 2, desk: 1 }
function total(): number {
  // `peek` reads this process's memory: no round trip, no await.
  return Object.entries(basket).reduce((sum, [article, count]) => sum + count * (eu.peek(article)?.cents ?? 0), 0)
}

for await (const batch of eu.changes({ from: 'snapshot', signal: stop.signal })) {
  for (const change of batch) {
    const price = 'value' in change ? `costs ${change.value.cents}` : 'no longer has a price'
    console.log(`${change.kind}: ${change.key} ${price}`)
  }
  console.log(`basket: ${total()}`)
}
await instance.close()
