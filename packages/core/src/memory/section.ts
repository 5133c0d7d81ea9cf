import type { SectionDefinition } from '../model/section-definition.ts'
import type { CommitRequest, HeadQuestion, LogPage } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'
import { type Fork, holds, type Standing } from '../versioning/lineage.ts'
import { AnswerMemory, KeptAnswers } from './answers.ts'
import { Documents } from './documents.ts'
import type { Journal } from './journal.ts'
import { ChangeLog } from './log.ts'
import type { HubSettings } from './options.ts'
import { Tombstones } from './tombstones.ts'

/** One section as the server holds it: its history, documents, log and op memory. */
export class Section {
  readonly journal: Journal
  readonly documents: Documents
  readonly answers: AnswerMemory
  readonly kept: KeptAnswers
  readonly tombstones: Tombstones
  readonly #settings: HubSettings
  readonly #log: ChangeLog
  /** The server's identity when this epoch began: on a difference the server may lack what others were shown. */
  #noted: number
  #epoch: string
  #sequence = 0
  #lineage: readonly Fork[] = []
  #definition: SectionDefinition | undefined

  constructor(settings: HubSettings, journal: Journal, identity: number) {
    this.journal = journal
    this.documents = new Documents(journal)
    this.answers = new AnswerMemory(settings, journal)
    this.kept = new KeptAnswers(settings.opMemory, journal)
    this.tombstones = new Tombstones(journal)
    this.#settings = settings
    this.#log = new ChangeLog(settings, journal)
    this.#noted = identity
    this.#epoch = settings.runtime.id()
  }

  get epoch(): string {
    return this.#epoch
  }

  get sequence(): number {
    return this.#sequence
  }

  /** As of now; answers take it after their work is done. */
  standing(): Standing {
    const standing = {
      epoch: this.#epoch,
      sequence: this.#sequence,
      answers: this.answers.count,
      lineage: this.#lineage,
    }
    return this.#definition ? { ...standing, definition: this.#definition } : standing
  }

  /** Do the section's readers listen elsewhere than this writer would send? */
  contradicts({ definition }: CommitRequest): boolean {
    return definition !== undefined && this.#definition !== undefined && definition.follow !== this.#definition.follow
  }

  /** Notes how the writer of a commit defines the section. */
  define({ definition }: CommitRequest): void {
    const before = this.#definition
    if (!definition || definition.digest === before?.digest) return
    if (this.journal.on) this.journal.note(() => (this.#definition = before))
    this.#definition = Object.freeze({ follow: definition.follow, digest: definition.digest })
  }

  /** The fence, first in every call: a server with another identity than the noted one begins a new epoch. */
  touch(identity: number): void {
    if (this.#noted !== identity) this.#mint(identity)
  }

  /** One who was shown more of this epoch than there is proves that its tail was lost. */
  compare({ shown }: HeadQuestion): void {
    if (shown?.epoch === this.#epoch && shown.sequence > this.#sequence) this.#mint(this.#noted)
  }

  /** Enters a commit into history: the sequence advances to the change's own. */
  record(change: EncodedChange, now: number): void {
    const before = this.#sequence
    if (this.journal.on) this.journal.note(() => (this.#sequence = before))
    this.#sequence = change.sequence
    this.#log.append(change, now)
  }

  /** The log after a place; `key`: of one document. */
  changesSince(after: { epoch: string; sequence: number }, limit: number, key?: string): LogPage {
    const standing = this.standing()
    const nothing = { standing, changes: [], upTo: after.sequence }
    if (!holds(standing, after)) return { ...nothing, status: 'elsewhere' }
    if (after.sequence < this.#sequence - this.#log.size) return { ...nothing, status: 'truncated' }
    const changes: EncodedChange[] = []
    for (const change of this.#log.from(after.sequence + 1)) {
      if (key !== undefined && change.key !== key) continue
      if (changes.length === limit) return { standing, status: 'page', changes, upTo: changes.at(-1)?.sequence ?? 0 }
      changes.push(this.#asOfToday(change))
    }
    return { standing, status: 'page', changes, upTo: this.#sequence }
  }

  /** All that the log still has. */
  history(): EncodedChange[] {
    return Array.from(this.#log.from(0), (change) => this.#asOfToday(change))
  }

  /** What the log holds is history of today's epoch: the one it was committed in may be forgotten by now. */
  #asOfToday(change: EncodedChange): EncodedChange {
    return change.epoch === this.#epoch ? change : { ...change, epoch: this.#epoch }
  }

  /** Begins a new epoch. Log and op memory go on: up to the fork history is common. */
  #mint(identity: number): void {
    const [noted, epoch, lineage] = [this.#noted, this.#epoch, this.#lineage]
    this.journal.note(() => {
      this.#noted = noted
      this.#epoch = epoch
      this.#lineage = lineage
    })
    const fork: Fork = Object.freeze({ epoch, sequence: this.#sequence, answers: this.answers.count })
    const first = Math.max(0, lineage.length + 1 - this.#settings.lineage)
    this.#lineage = Object.freeze([...lineage, fork].slice(first))
    this.#noted = identity
    this.#epoch = this.#settings.runtime.id()
  }
}
