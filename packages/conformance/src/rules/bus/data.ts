import { assembleChange, encodeFrames, type Scope } from '@sync/core/adapter'
import { assertEqual, assertThat, isTypedError } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import { COLLIDING_ADDRESSES, HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Names and texts of every kind. */
export const data: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-DAT-01',
    level: 'MUST',
    statement: 'Any name is carried, or refused with a typed error, by `subscribe` and `publish` alike.',
    hint: 'Encode each part of the address; refuse in both calls what the medium cannot carry.',
    async run(context) {
      const bus = await context.open()
      for (const name of HOSTILE_NAMES) {
        const scopes: readonly Scope[] = [
          { partition: context.harness.namespace, section: name },
          { partition: context.harness.namespace, section: 's', key: name },
          { partition: `${context.harness.namespace}${name}`, section: 's' },
        ]
        for (const scope of scopes) {
          const what = JSON.stringify(scope)
          const change = context.change(name)
          const outcome = await context.subscribe(bus, scope, { client: what }).catch((error: Error) => error)
          const sent = await context.withTimeout(
            context.bus.publish(scope, [change]).then(
              () => undefined,
              (error: unknown) => error,
            ),
            `publish to ${what}`,
          )
          if (outcome instanceof Error || sent !== undefined) {
            for (const error of [outcome instanceof Error ? outcome : undefined, sent])
              assertThat(
                error === undefined || isTypedError(error),
                `${what}: refused with an error that is no SyncError: ${String(error)}`,
              )
            assertThat(
              outcome instanceof Error && sent !== undefined,
              `${what}: refused by one of subscribe and publish only`,
            )
            continue
          }
          await context.waitUntil(
            () => outcome.received.length > 0,
            `what was published to ${what} was not heard there`,
          )
          assertEqual(outcome.received[0]?.key, name, `the key of a change published to ${what}`)
          await outcome.stop()
        }
      }
    },
  },
  {
    id: 'BUS-DAT-02',
    level: 'MUST',
    statement: 'Different names never meet: not by escaping, case, normal form, or where one part ends.',
    hint: 'Escape injectively, and the separator within every part too. Lengths, or an encoding without it, do as well.',
    async run(context) {
      const bus = await context.open()
      for (const group of COLLIDING_ADDRESSES) {
        const scopes = group.map(([section, key]): Scope => {
          const partition = context.harness.namespace
          return key === undefined ? { partition, section } : { partition, section, key }
        })
        const subscribers: RecordingSubscriber[] = []
        for (const scope of scopes)
          subscribers.push(await context.subscribe(bus, scope, { client: JSON.stringify(scope) }))
        for (const [at, scope] of scopes.entries()) await context.publish(scope, [context.change(`to ${at}`)])
        for (const [at, scope] of scopes.entries()) await context.waitForDelivery(scope, subscribers.slice(at, at + 1))
        for (const [at, { received, client }] of subscribers.entries()) {
          const other = received.find(({ key }) => key !== `to ${at}`)
          assertThat(
            !other,
            () => `${client} heard what was published to ${subscribers[Number(other?.key.slice(3))]?.client}`,
          )
        }
        for (const subscriber of subscribers) await subscriber.stop()
      }
    },
  },
  {
    id: 'BUS-DAT-04',
    level: 'MUST',
    statement: 'Texts arrive as they were sent: emoji, combining marks, control characters, every script.',
    hint: 'UTF-8 on the way out and in; no trimming, no normal form, no escaping of what is inside.',
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = TEXTS.map((text) => context.change('a', JSON.stringify(text)))
      await context.publish(scope, sent)
      await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
      for (const [at, { sequence }] of sent.entries()) {
        const change = subscriber.received.find((each) => each.sequence === sequence)
        const edit = Array.isArray(change?.edits) ? change.edits[0] : undefined
        assertEqual(edit?.kind === 'whole' ? edit.value : undefined, TEXTS[at], 'the value of a field')
      }
    },
  },
  {
    id: 'BUS-DAT-05',
    level: 'MUST',
    statement: 'Sizes are carried from nothing to the limit; one change beyond it travels without its patch.',
    hint: "Use the core's `frames`, which leaves out the patch of what does not fit.",
    async run(context) {
      const scope = context.section()
      const { maxPayloadBytes } = context.capabilities
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      await context.withTimeout(context.bus.publish(scope, []), 'publish of nothing')
      const sizes = [0, 1, 1_000, Math.floor(maxPayloadBytes / 2)]
      const sent = sizes.map((size) => context.change('a', JSON.stringify('x'.repeat(size))))
      const oversized = context.change('a', JSON.stringify('x'.repeat(maxPayloadBytes)))
      await context.publish(scope, [...sent, oversized])
      await context.expectAllReceived(subscriber, [...sent, oversized])
      const last = subscriber.received.find(({ sequence }) => sequence === oversized.sequence)
      assertEqual(last?.edits, 'omitted', 'the edits of a change that is too large')
    },
  },
  {
    id: 'BUS-DAT-07',
    level: 'MUST',
    statement: 'A frame comes as the bytes that were sent: of a newer format, with more members, with any content.',
    hint: 'The bus does not look into a frame, nor change or check it.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const receivedFrames: string[] = []
      const change = assembleChange({
        key: 'a',
        epoch: 'e"\\',
        origin: 'ö',
        generation: 1,
        version: 2,
        sequence: 2,
        time: 1.5,
        edits: [{ field: 'f', version: 1, whole: ' { "a" : 1.50 } ' }],
        meta: { trace: '00-ab' },
      })
      await context.withTimeout(
        bus.subscribe(scope, (frame) =>
          receivedFrames.push(typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8')),
        ),
        'subscribe',
      )
      const expected = encodeFrames([change], context.capabilities.maxPayloadBytes)[0]?.text
      await context.waitUntil(async () => {
        if (receivedFrames.length === 0) await context.withTimeout(context.bus.publish(scope, [change]), 'publish')
        await context.shortPause()
        return receivedFrames.length > 0
      }, 'nothing is heard')
      assertEqual(receivedFrames[0], expected, 'the frame that came')
    },
  },
]
