import { type ChangeBus, createSync, defineCollection } from '@sync/core'
import type { JsonObject } from '@sync/core/patch'
import { stillStore } from '../core/still-life.ts'
import { DOCUMENTS, documentText, encodedChange, keyOf, MARK, SCOPE } from './changes.ts'
import type { OpenSide } from './side.ts'

const documents = defineCollection<JsonObject>({ section: SCOPE.section, ttl: 'never', memory: { changes: 0 } })

/** Frames on a bus of ours, taken by an instance that holds the documents: decoded, put in order, applied. */
export const openOurs =
  (open: (url: string) => ChangeBus): OpenSide =>
  async ({ publish, hear }) => {
    let applied = (): void => {}
    const out = open(publish)
    const heard = open(hear)
    const sync = createSync({
      store: stillStore(() => documentText),
      bus: tapped(heard, () => applied()),
      checkInterval: '1d',
    })
    const collection = sync.collection(documents, { partition: SCOPE.partition })
    await collection.getMany(Array.from({ length: DOCUMENTS }, (_, n) => keyOf(n)))
    return {
      publish: (from, count) =>
        out.publish(
          SCOPE,
          Array.from({ length: count }, (_, at) => encodedChange(from + at)),
        ),
      shown: (key) => numberOf(collection.peek(key)?.[MARK]),
      onApplied(listener) {
        applied = listener
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([out.close(), sync.close()])
      },
    }
  }

/** Tells after each frame that was handed over. */
function tapped(bus: ChangeBus, after: () => void): ChangeBus {
  return {
    get capabilities() {
      return bus.capabilities
    },
    publish: (scope, changes) => bus.publish(scope, changes),
    subscribe: (scope, onFrame, options) =>
      bus.subscribe(
        scope,
        (frame, offset) => {
          onFrame(frame, offset)
          after()
        },
        options,
      ),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => bus.close(),
    [Symbol.asyncDispose]: () => bus.close(),
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : -1)
