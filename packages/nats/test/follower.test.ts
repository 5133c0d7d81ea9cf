import { headers, type Msg } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { Follower } from '../src/jetstream/follower.ts'
import type { PartitionStream } from '../src/jetstream/stream.ts'

const created = '2026-01-01T00:00:00Z'
const frame = (sequence: number): Uint8Array => Buffer.from(`${sequence}`)

/** A stream with one subject, which can be out of reach. */
function openStream() {
  const stream = {
    name: 'stream',
    unavailable: false,
    last: 0,
    async firstMessageFrom(_: string, sequence: number) {
      if (stream.unavailable) throw new Error('away')
      return sequence <= stream.last ? { seq: sequence, data: frame(sequence) } : undefined
    },
  }
  return stream
}

/** As the stream sends it on when it is stored. */
const live = (sequence: number): Msg => {
  const messageHeaders = headers()
  for (const [name, value] of [
    ['Nats-Stream', 'stream'],
    ['Nats-Sequence', `${sequence}`],
    ['Nats-Last-Sequence', `${sequence - 1}`],
  ])
    messageHeaders.set(name ?? '', value ?? '')
  return { data: frame(sequence), headers: messageHeaders } as Msg
}

test('what was missed after a frame that waits is read as well as what was missed before it', async () => {
  const stream = openStream()
  const received: number[] = []
  const follower = new Follower(stream as unknown as PartitionStream, 'subject', {
    onFrame: (data) => received.push(Number(Buffer.from(data as Uint8Array).toString())),
    onGap: () => {},
    onSubscriptionLost: () => {},
  })
  follower.start({ created, sequence: 0 })
  // a hole before 3, which cannot be filled before the line is lost again
  stream.last = 3
  stream.unavailable = true
  follower.receive(live(3))
  await new Promise(setImmediate)
  stream.last = 6
  stream.unavailable = false
  await follower.catchUp({ created, firstSequence: 1, lastSequence: 6 })
  expect(received).toEqual([1, 2, 3, 4, 5, 6])
  follower.receive(live(7))
  expect(received).toEqual([1, 2, 3, 4, 5, 6, 7])
})
