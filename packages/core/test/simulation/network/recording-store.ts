import { type JsonObject, type MemoryHub, memoryStore, type Store } from '@sync/core'
import { type CommitRequest, type CommitResult, decodeChange } from '@sync/core/adapter'
import type { Commit, Recorder } from '../history.ts'

/** The store of a schedule. Records its commits. */
export class RecordingStore {
  readonly store: Store
  readonly #hub: MemoryHub
  readonly #recorder: Recorder
  readonly #known = new Map<string, Commit>()

  constructor(hub: MemoryHub, recorder: Recorder) {
    this.store = memoryStore(hub)
    this.#hub = hub
    this.#recorder = recorder
  }

  /** Executes the commits synchronously, one by one, and reads the document after each, before the next one. */
  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const steps = group.map((request) => ({
      at: this.#recorder.tick(),
      committing: this.store.commit([request]),
      loading: this.store.load([request.ref]),
    }))
    const results: CommitResult[] = []
    for (const { at, committing, loading } of steps) {
      const [result] = (await committing) as [CommitResult]
      const [loaded] = await loading
      if (result.status === 'committed') {
        const { document } = loaded ?? {}
        this.#record(at, result, document && (JSON.parse(document.text) as JsonObject), document?.fieldVersions ?? {})
      }
      results.push(result)
    }
    return results
  }

  /** Loses the last `n` commits. */
  loseTail(n: number): void {
    this.#recorder.recordLoss(this.#hub.store.loseTail(n))
  }

  #record(
    at: number,
    { change, generation, version }: Extract<CommitResult, { status: 'committed' }>,
    after: JsonObject | undefined,
    fieldVersions: Commit['fieldVersions'],
  ): void {
    const { key, epoch, sequence } = change
    const id = `${epoch} ${sequence}`
    const before = this.#known.get(id)
    // the result comes from the op memory: nothing was committed
    if (before && before.lostAt === undefined && before.key === key) return
    const { meta, time } = decodeChange(change)
    const call = meta?.['call']
    const commit = { at, key, epoch, sequence, generation, version, call, after, fieldVersions, time }
    this.#known.set(id, commit)
    // results arrive in any order, so the commit is inserted by its number
    const { commits } = this.#recorder
    commits.splice(commits.findLastIndex((earlier) => earlier.at < at) + 1, 0, commit)
  }
}
