import { type ChangeBus, createInstance, defineCollection } from '@sync/core'
import type { JsonObject } from '@sync/core/patch'
import { createStubStore } from '../core/stub-instance.ts'
import type { OpenBusUnderTest } from './bus-under-test.ts'
import { DOCUMENTS, documentText, encodedChange, keyOf, MARK, SCOPE } from './changes.ts'

const documents = defineCollection<JsonObject>({
  section: SCOPE.section,
  ttl: 'never',
  cache: { recentChangesChars: 0 },
})

/** Opens a bus of `@sync` whose frames an instance receives: it decodes, orders and applies them to cached documents. */
export const openOwnBus =
  (open: (url: string) => ChangeBus): OpenBusUnderTest =>
  async ({ publish, subscribe }) => {
    let onApplied = (): void => {}
    const publisher = open(publish)
    const subscriber = open(subscribe)
    const sync = createInstance({
      store: createStubStore(() => documentText),
      bus: afterEachFrame(subscriber, () => onApplied()),
      checkInterval: '1d',
    })
    const collection = sync.collection(documents, { partition: SCOPE.partition })
    await collection.getMany(Array.from({ length: DOCUMENTS }, (_, n) => keyOf(n)))
    return {
      publish: (from, count) =>
        publisher.publish(
          SCOPE,
          Array.from({ length: count }, (_, index) => encodedChange(from + index)),
        ),
      appliedChange: (key) => toNumber(collection.peek(key)?.[MARK]),
      onApplied(listener) {
        onApplied = listener
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([publisher.close(), sync.close()])
      },
    }
  }

/** Wraps a bus so that `after` is called after each delivered frame. */
function afterEachFrame(bus: ChangeBus, after: () => void): ChangeBus {
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

const toNumber = (value: unknown): number => (typeof value === 'number' ? value : -1)
