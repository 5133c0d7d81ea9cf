import { assembleChange, encodeFrames, type Scope } from '@sync/core/adapter'
import { assertEqual, assertThat, isTypedError } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import { COLLIDING_ADDRESSES, HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Hostile names, strings of every script, and sizes up to the limit. */
export const data: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-DAT-01',
    level: 'MUST',
    statement: '`subscribe` and `publish` either both accept a name or both reject it with a typed error.',
    hint: 'Encode each part of the address, and reject in both calls what the transport cannot carry.',
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
                `${what}: expected a SyncError, got ${String(error)}`,
              )
            assertThat(
              outcome instanceof Error && sent !== undefined,
              `${what}: expected subscribe and publish to agree, but only one of them rejected it`,
            )
            continue
          }
          await context.waitUntil(
            () => outcome.received.length > 0,
            `a change published to ${what} was not received there`,
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
    statement:
      'Different addresses never share a channel, regardless of escaping, case, normalization and where their parts end.',
    hint: 'Escape injectively, including the separator within each part. Length prefixes or an encoding without the separator work too.',
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
            () => `${client} received a change published to ${subscribers[Number(other?.key.slice(3))]?.client}`,
          )
        }
        for (const subscriber of subscribers) await subscriber.stop()
      }
    },
  },
  {
    id: 'BUS-DAT-04',
    level: 'MUST',
    statement: 'Strings arrive unchanged: emoji, combining marks, control characters and every script.',
    hint: 'Encode and decode as UTF-8, and do not trim, normalize or escape the content.',
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
    statement: 'Values of every size up to the payload limit arrive, and a larger change arrives without its patch.',
    hint: "Use the core's `encodeFrames`, which omits the patch of a change that does not fit.",
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
      assertEqual(last?.edits, 'omitted', 'the edits of an oversized change')
    },
  },
  {
    id: 'BUS-DAT-07',
    level: 'MUST',
    statement: 'A frame arrives byte for byte as it was sent, including unknown formats and members.',
    hint: 'A bus must not parse, change or validate a frame.',
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
      }, 'no frame was received')
      assertEqual(receivedFrames[0], expected, 'the received frame')
    },
  },
]
