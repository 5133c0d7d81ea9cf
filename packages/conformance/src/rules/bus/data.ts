import { frames, joinChange, type Scope } from '@sync/core/adapter'
import { demand, demandEqual, isTyped } from '../../judge/violation.ts'
import type { BusStage, Listener } from '../../stage/bus-stage.ts'
import { COLLIDING, HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Names and texts of every kind. */
export const data: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-DAT-01',
    level: 'MUST',
    sentence: 'Any name is carried, or refused with a typed error, by `subscribe` and `publish` alike.',
    hint: 'Encode each part of the address; refuse in both calls what the medium cannot carry.',
    async run(stage) {
      const bus = await stage.open()
      for (const name of HOSTILE_NAMES) {
        const scopes: readonly Scope[] = [
          { partition: stage.harness.namespace, section: name },
          { partition: stage.harness.namespace, section: 's', key: name },
          { partition: `${stage.harness.namespace}${name}`, section: 's' },
        ]
        for (const scope of scopes) {
          const what = JSON.stringify(scope)
          const change = stage.change(name)
          const listening = await stage.listen(bus, scope, { client: what }).catch((error: Error) => error)
          const sent = await stage.settled(
            stage.bus.publish(scope, [change]).then(
              () => undefined,
              (error: unknown) => error,
            ),
            `publish to ${what}`,
          )
          if (listening instanceof Error || sent !== undefined) {
            for (const error of [listening instanceof Error ? listening : undefined, sent])
              demand(
                error === undefined || isTyped(error),
                `${what}: refused with an error that is no SyncError: ${String(error)}`,
              )
            demand(
              listening instanceof Error && sent !== undefined,
              `${what}: refused by one of subscribe and publish only`,
            )
            continue
          }
          await stage.until(() => listening.heard.length > 0, `what was published to ${what} was not heard there`)
          demandEqual(listening.heard[0]?.key, name, `the key of a change published to ${what}`)
          await listening.stop()
        }
      }
    },
  },
  {
    id: 'BUS-DAT-02',
    level: 'MUST',
    sentence: 'Different names never meet: not by escaping, case, normal form, or where one part ends.',
    hint: 'Escape injectively, and the separator within every part too. Lengths, or an encoding without it, do as well.',
    async run(stage) {
      const bus = await stage.open()
      for (const group of COLLIDING) {
        const scopes = group.map(([section, key]): Scope => {
          const partition = stage.harness.namespace
          return key === undefined ? { partition, section } : { partition, section, key }
        })
        const listeners: Listener[] = []
        for (const scope of scopes) listeners.push(await stage.listen(bus, scope, { client: JSON.stringify(scope) }))
        for (const [at, scope] of scopes.entries()) await stage.publish(scope, [stage.change(`to ${at}`)])
        for (const [at, scope] of scopes.entries()) await stage.drained(scope, listeners.slice(at, at + 1))
        for (const [at, { heard, client }] of listeners.entries()) {
          const other = heard.find(({ key }) => key !== `to ${at}`)
          demand(
            !other,
            () => `${client} heard what was published to ${listeners[Number(other?.key.slice(3))]?.client}`,
          )
        }
        for (const listener of listeners) await listener.stop()
      }
    },
  },
  {
    id: 'BUS-DAT-04',
    level: 'MUST',
    sentence: 'Texts arrive as they were sent: emoji, combining marks, control characters, every script.',
    hint: 'UTF-8 on the way out and in; no trimming, no normal form, no escaping of what is inside.',
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = TEXTS.map((text) => stage.change('a', JSON.stringify(text)))
      await stage.publish(scope, sent)
      await stage.expectAll(listener, sent, { repeats: true })
      for (const [at, { sequence }] of sent.entries()) {
        const change = listener.heard.find((each) => each.sequence === sequence)
        const edit = Array.isArray(change?.edits) ? change.edits[0] : undefined
        demandEqual(edit?.kind === 'whole' ? edit.value : undefined, TEXTS[at], 'the value of a field')
      }
    },
  },
  {
    id: 'BUS-DAT-05',
    level: 'MUST',
    sentence: 'Sizes are carried from nothing to the limit; one change beyond it travels without its patch.',
    hint: "Use the core's `frames`, which leaves out the patch of what does not fit.",
    async run(stage) {
      const scope = stage.section()
      const { maxPayloadBytes } = stage.capabilities
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      await stage.settled(stage.bus.publish(scope, []), 'publish of nothing')
      const sizes = [0, 1, 1_000, Math.floor(maxPayloadBytes / 2)]
      const sent = sizes.map((size) => stage.change('a', JSON.stringify('x'.repeat(size))))
      const beyond = stage.change('a', JSON.stringify('x'.repeat(maxPayloadBytes)))
      await stage.publish(scope, [...sent, beyond])
      await stage.expectAll(listener, [...sent, beyond])
      const last = listener.heard.find(({ sequence }) => sequence === beyond.sequence)
      demandEqual(last?.edits, 'omitted', 'the edits of a change that is too large')
    },
  },
  {
    id: 'BUS-DAT-07',
    level: 'MUST',
    sentence: 'A frame comes as the bytes that were sent: of a newer format, with more members, with any content.',
    hint: 'The bus does not look into a frame, nor change or check it.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const got: string[] = []
      const change = joinChange({
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
      await stage.settled(
        bus.subscribe(scope, (frame) =>
          got.push(typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8')),
        ),
        'subscribe',
      )
      const wanted = frames([change], stage.capabilities.maxPayloadBytes)[0]?.text
      await stage.until(async () => {
        if (got.length === 0) await stage.settled(stage.bus.publish(scope, [change]), 'publish')
        await stage.moment()
        return got.length > 0
      }, 'nothing is heard')
      demandEqual(got[0], wanted, 'the frame that came')
    },
  },
]
