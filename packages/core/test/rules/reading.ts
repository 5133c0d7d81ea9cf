import type { Rule } from './rule.ts'

/** Rules R4–R17, E7, X1 and S1–S3: replicas and watchers stay current, even if messages and answers are lost or late. */
export const reading: readonly Rule[] = [
  {
    name: 'watched-is-held',
    statement: 'A document with a watcher is not evicted',
    consequence: 'the watcher receives no further changes',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'if (!isIdle || this.observers.has(replica.key)',
        replace: 'if (!isIdle',
      },
    ],
    provenBy: { file: 'replica/eviction.test.ts', name: 'defineCollection({ cache }) > keeps a watched document' },
  },
  {
    name: 'absence-has-a-position',
    statement: 'A load that finds no document still returns the sequence that it is valid for',
    consequence: 'a delayed change of a deleted document re-creates it in one replica',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'this.sequence = state.sequence',
        replace: 'this.sequence = document ? state.sequence : 0',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'get() > keeps a document absent when a late change arrives and its deletion is lost',
    },
  },
  {
    name: 'older-snapshot-is-not-installed',
    statement: 'Changes wait for a load in progress, and a snapshot older than the replica is not installed',
    consequence: 'a delayed load moves the document back, and no gap reveals it',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'if (replica.known && replica.pendingLoad === 0) this.#drain(replica)',
        replace: 'if (replica.known) this.#drain(replica)',
      },
      {
        file: 'replica/replica-table.ts',
        find: 'isOlder ? undefined : this.#install(replica, loaded)',
        replace: 'this.#install(replica, loaded)',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'get() > keeps changes that arrived while the snapshot was in flight',
    },
  },
  {
    name: 'truncated-log-says-so',
    statement: 'A log that no longer reaches a position answers `truncated`, and names the head that it answers for',
    consequence: 'trimmed changes are taken for changes that never existed',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'if (after.sequence < this.#sequence - this.#log.size)',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'changesSince() > reports truncation, never an empty page, when the log no longer reaches back far enough',
    },
  },
  {
    name: 'gap-of-our-history',
    statement: 'A gap that the log does not cover is closed only in the epoch in which it was found',
    consequence: "a new epoch's changes under these numbers are never requested",
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: 'if (this.#epochs.switches !== switches) return\n    this.#replicas',
        replace: 'this.#replicas',
      },
    ],
    provenBy: {
      file: 'replica/truncated-log.test.ts',
      name: 'catchUp() with a truncated log > does not skip a gap of the earlier epoch in the new one',
    },
  },
  {
    name: 'load-older-than-the-gap',
    statement: 'Loads in progress are repeated when the log turns out not to cover a gap',
    consequence: 'an answer from before the gap is taken for current, and the replica stays old',
    edits: [{ file: 'replica/gap-repair.ts', find: 'this.#replicas.restartLoads()', replace: '' }],
    provenBy: {
      file: 'replica/truncated-log.test.ts',
      name: 'catchUp() with a truncated log > repeats a load that was answered before the gap',
    },
  },
  {
    name: 'silence-by-the-gap-free',
    statement: "Every `checkInterval` each followed section compares its contiguous sequence with the store's",
    consequence:
      'the last message before a quiet period is lost, leaves no gap, and is never missed. With the highest sequence received instead of the contiguous one, any later answer hides the loss',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'await this.#catchUpTo(state)',
        replace: 'if (state.sequence > highestSeen.sequence) await this.#catchUpTo(state)',
      },
    ],
    provenBy: {
      file: 'replica/heartbeat-check.test.ts',
      name: 'catchUp() > finds a lost message when a reply has contained a later sequence',
    },
  },
  {
    name: 'ahead-mints',
    statement:
      'A store that is asked by an instance that received more than the store has begins a new epoch in the same step',
    consequence: 'the lost tail is written again under the same numbers, although the identity did not change',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'if (highestSeen?.epoch === this.#epoch && highestSeen.sequence > this.#sequence)',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > begins an epoch when a caller has seen more of the current one than exists',
    },
  },
  {
    name: 'ahead-is-judged-by-the-store',
    statement: 'The store, not the caller, decides whether the caller is ahead, from the values in the question',
    consequence: 'a change that overtakes an older answer looks like a lost tail',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const { state } = head as Head',
        replace:
          "const { state: told } = head as Head\nconst state = told.sequence < this.#sequences.highest ? { ...told, epoch: 'another' } : told",
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'catchUp() > reports no loss when a change overtakes the reply',
    },
  },
  {
    name: 'question-has-the-highest',
    statement: 'The question includes the highest sequence that this instance has ever received, also beyond a gap',
    consequence: 'a store that lost its tail cannot know what it lost',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const highestSeen = { epoch, sequence: this.#sequences.highest }',
        replace: 'const highestSeen = { epoch, sequence: this.#sequences.contiguous }',
      },
    ],
    provenBy: {
      file: 'replica/heartbeat-check.test.ts',
      name: 'catchUp() > sends the highest sequence seen, also beyond a gap',
    },
  },
  {
    name: 'lapsed-copy-is-verified',
    statement:
      'A replica whose copy of the TTL ends asks the store, and emits `removed: expired` if the document is gone',
    consequence: 'an expired document stays cached wherever no caller reads it',
    edits: [{ file: 'replica/expiry.ts', find: 'this.#verify(replica)', replace: '{}' }],
    provenBy: { file: 'collection/stream-races.test.ts', name: 'changes() > emits a removal when a document expires' },
  },
  {
    name: 'section-waits-at-a-hole',
    statement: "A section's stream delivers in sequence order and waits at a gap until it is repaired",
    consequence: 'a change that was lost on the bus and repaired later is never delivered',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: 'while (this.#released < contiguous) {',
        replace: 'const highest = Math.max(contiguous, ...this.#pending.keys())\nwhile (this.#released < highest) {',
      },
    ],
    provenBy: { file: 'collection/changes.test.ts', name: 'changes() > emits a lost change in its place' },
  },
  {
    name: 'position-skips-nothing',
    statement: "A change's `position` is safe to save: no change at or below it is still to be delivered",
    consequence: 'a consumer that resumes there misses a change that was combined into a later one',
    edits: [
      {
        file: 'collection/change-batching.ts',
        find: 'sequence: Math.max(0, Math.min(lastSequence, safeBefore - 1))',
        replace: 'sequence: lastSequence',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes({ from: { after } }) > misses nothing when it resumes after any change',
    },
  },
  {
    name: 'snapshot-position-covers-its-list',
    statement: "A snapshot's position includes every change that its list of documents already reflects",
    consequence: 'a consumer that resumes there receives changes of documents that it never received',
    edits: [
      {
        file: 'collection/change-stream.ts',
        find: 'this.#resetsUpTo = Math.max(this.#resetsUpTo, highestSequence)',
        replace: '',
      },
    ],
    provenBy: {
      file: 'collection/stream-positions.test.ts',
      name: "changes({ from: 'snapshot' }) > emits a position that covers the deletions before its list of documents",
    },
  },
  {
    name: 'lost-replay-is-withdrawn',
    statement: 'If the store loses a change that a watcher of one document read from the log, the watcher gets a reset',
    consequence: 'the replica never applied the change, so no event corrects the watcher',
    edits: [{ file: 'replica/observers.ts', find: 'observer.rewind?.()', replace: '{}' }],
    provenBy: {
      file: 'collection/stream-resumed.test.ts',
      name: 'changes({ key, from: { after } }) > emits a reset when the store loses a change that was read from the log during a load',
    },
  },
  {
    name: 'saved-position-has-its-epoch',
    statement:
      'A saved position is judged by its epoch; if that history was lost, the stream begins again with `reset`',
    consequence: 'a consumer continues behind changes that it never received',
    edits: [
      {
        file: 'collection/change-stream.ts',
        find: 'for (let after = from; ; )',
        replace: 'for (let after = { ...from, epoch: epochs.epoch }; ; )',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes({ from: { after } }) > emits a reset when the store lost the position',
    },
  },
  {
    name: 'change-of-a-frame-by-itself',
    statement: 'Each change of a frame is judged separately',
    consequence: 'a late frame is dropped because of one duplicate in it, and its other changes are lost',
    edits: [
      {
        file: 'replica/change-router.ts',
        find: 'for (const change of changes) this.accept(change',
        replace:
          'const late = (changes.at(-1)?.sequence ?? 0) <= this.#sequences.highest\nif (!late) for (const change of changes) this.accept(change',
      },
    ],
    provenBy: {
      file: 'replica/heartbeat-check.test.ts',
      name: 'frame > applies the changes of a frame that was overtaken',
    },
  },
]
