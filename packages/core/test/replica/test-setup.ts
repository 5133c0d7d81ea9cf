import {
  type Collection,
  type CollectionOptions,
  createInstance,
  createMemoryHub,
  defineCollection,
  type MemoryHub,
  type MemoryHubOptions,
  memoryBus,
  memoryStore,
  type SyncEvent,
  type SyncInstance,
} from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import { type HeldReplies, holdReplies } from './held-replies.ts'
import { type HeldRequests, holdRequests } from './held-requests.ts'
import { type RejectingStore, rejectingStore } from './rejecting-store.ts'

/** Document of these tests. */
export interface Doc {
  n?: number
  m?: number
  user?: string
  text?: string
}

/** An instance whose requests and replies can be delayed, and a second one that only writes. */
export interface TestSetup extends AsyncDisposable {
  readonly hub: MemoryHub
  readonly clock: VirtualRuntime
  readonly replies: HeldReplies
  readonly requests: HeldRequests
  readonly rejections: RejectingStore
  readonly sync: SyncInstance
  readonly local: Collection<Doc>
  readonly remote: Collection<Doc>
  readonly events: SyncEvent[]
  /** Returns a document as the store has it. */
  stored(key: string): Doc | undefined
}

/** Opens both instances on one memory hub. */
export function openTestSetup(
  options: Omit<MemoryHubOptions, 'runtime'> = {},
  collection: Partial<CollectionOptions<Doc>> = {},
): TestSetup {
  const clock = createVirtualRuntime()
  const hub = createMemoryHub({ maxUndoCommits: 100, ...options, runtime: clock })
  const rejections = rejectingStore(memoryStore(hub))
  const replies = holdReplies(rejections.store)
  const requests = holdRequests(replies.store)
  const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never', ...collection })
  const sync = createInstance({ store: requests.store, bus: memoryBus(hub), runtime: clock })
  const writer = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), runtime: clock })
  const events: SyncEvent[] = []
  sync.onEvent((event) => events.push(event))
  const [local, remote] = [sync, writer].map((each) => each.collection(docs, { partition: 'p' })) as [
    Collection<Doc>,
    Collection<Doc>,
  ]
  const close = async (): Promise<void> => {
    requests.release()
    replies.release()
    const closing = Promise.all([sync.close(), writer.close()])
    await clock.advance(10_000)
    await closing
  }
  const stored = (key: string): Doc | undefined => {
    const document = hub.store.inspect({ partition: 'p', section: 'doc' })?.documents.get(key)
    return document && (JSON.parse(document.text) as Doc)
  }
  return {
    hub,
    clock,
    replies,
    requests,
    rejections,
    sync,
    local,
    remote,
    events,
    stored,
    [Symbol.asyncDispose]: close,
  }
}
