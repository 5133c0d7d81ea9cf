import { headers, type Msg } from '@nats-io/transport-node'
import { expect, it } from 'vitest'
import { Follower } from '../src/jetstream/follower.ts'
import type { PartitionStream } from '../src/jetstream/stream.ts'

const created = '2026-01-01T00:00:00Z'
const frame = (sequence: number): Uint8Array => Buffer.from(`${sequence}`)

/** Creates a fake stream with one subject, which a test can make unavailable. */
function openStream() {
  const stream = {
    name: 'stream',
    unavailable: false,
    last: 0,
    async firstMessageFrom(_: string, sequence: number) {
      if (stream.unavailable) throw new Error('unavailable')
      return sequence <= stream.last ? { seq: sequence, data: frame(sequence) } : undefined
    },
  }
  return stream
}

/** Returns a message as the stream republishes it after storing it. */
const republished = (sequence: number): Msg => {
  const messageHeaders = headers()
  for (const [name, value] of [
    ['Nats-Stream', 'stream'],
    ['Nats-Sequence', `${sequence}`],
    ['Nats-Last-Sequence', `${sequence - 1}`],
  ])
    messageHeaders.set(name ?? '', value ?? '')
  return { data: frame(sequence), headers: messageHeaders } as Msg
}

it('Follower reads frames missed both before and after a buffered frame', async () => {
  const stream = openStream()
  const received: number[] = []
  const follower = new Follower(stream as unknown as PartitionStream, 'subject', {
    onFrame: (data) => received.push(Number(Buffer.from(data as Uint8Array).toString())),
    onGap: () => {},
    onSubscriptionLost: () => {},
  })
  follower.start({ created, sequence: 0 })
  // a gap before 3, which stays open because the stream becomes unavailable
  stream.last = 3
  stream.unavailable = true
  follower.receive(republished(3))
  await new Promise(setImmediate)
  stream.last = 6
  stream.unavailable = false
  await follower.catchUp({ created, firstSequence: 1, lastSequence: 6 })
  expect(received).toEqual([1, 2, 3, 4, 5, 6])
  follower.receive(republished(7))
  expect(received).toEqual([1, 2, 3, 4, 5, 6, 7])
})
