import {
  type Collection,
  type CollectionDefinition,
  createInstance,
  createMemoryHub,
  memoryBus,
  memoryStore,
  type SyncInstance,
} from '@sync/core'

/** Instances on one in-memory hub, each with the same collection. */
export interface Instances<T> extends AsyncDisposable {
  readonly syncs: readonly SyncInstance[]
  readonly collections: readonly Collection<T>[]
  /** Subscribes to every frame on the bus. */
  listen(onFrame: (frame: string) => void): Promise<void>
}

const PARTITION = 'bench'

/** Opens `count` instances that share one section in memory. */
export async function openInstances<T>(definition: CollectionDefinition<T>, count: number): Promise<Instances<T>> {
  const hub = createMemoryHub()
  const bus = memoryBus(hub)
  const syncs = Array.from({ length: count }, () => createInstance({ store: memoryStore(hub), bus: memoryBus(hub) }))
  const collections = syncs.map((sync) => sync.collection(definition, { partition: PARTITION }))
  await Promise.all(collections.map((collection) => collection.ready()))
  return {
    syncs,
    collections,
    async listen(onFrame) {
      const { section } = definition
      await bus.subscribe({ partition: PARTITION, section }, (frame) => {
        onFrame(typeof frame === 'string' ? frame : new TextDecoder().decode(frame))
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(syncs.map((sync) => sync.close()))
      await bus.close()
    },
  }
}
