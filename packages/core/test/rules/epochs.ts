import type { Rule } from './rule.ts'

/** Rules E1–E23, S4 and S5: detecting a new history, and keeping the part that it has in common with the old one. */
export const epochs: readonly Rule[] = [
  {
    name: 'fence-in-every-call',
    statement:
      "Every store call compares the server's identity with the identity noted in the section, in the same atomic step as its work",
    consequence:
      'a write that is executed before the comparison continues the lost tail under the same numbers. An epoch id in the data alone does not help: it survives the fail-over',
    edits: [
      { file: 'memory/store-server.ts', find: 'section.touch(this.#identity)', replace: '' },
      {
        file: 'memory/store-server.ts',
        find: 'section.detectLostTail(query)',
        replace: 'section.touch(this.#identity)\nsection.detectLostTail(query)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > begins exactly one epoch on the first commit after a restart',
    },
  },
  {
    name: 'loads-pass-the-fence',
    statement: 'Loads compare the identity too',
    consequence: 'a promoted replica serves values older than acknowledged writes, in the same epoch',
    edits: [
      {
        file: 'memory/store-server.ts',
        find: 'const section = this.#fencedSection(ref)',
        replace: 'const section = this.#sections.get(ref.partition)?.get(ref.section) ?? this.#create(ref)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > begins exactly one epoch on the first load after a restart',
    },
  },
  {
    name: 'log-reads-pass-the-fence',
    statement: 'Log reads compare the identity too',
    consequence: 'a promoted replica answers "nothing new", in the same epoch',
    edits: [
      {
        file: 'memory/store-server.ts',
        find: 'return this.#fencedSection(scope).changesSince(',
        replace:
          'return (this.#sections.get(scope.partition)?.get(scope.section) ?? this.#create(scope)).changesSince(',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > begins exactly one epoch on the first changesSince after a restart',
    },
  },
  {
    name: 'identity-new-at-a-start',
    statement: 'A server has a new identity at every start',
    consequence: 'a restart that lost the tail goes unnoticed',
    edits: [{ file: 'memory/store-server.ts', find: 'this.#identity++', replace: '' }],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > begins an epoch whose fork is the head after a restart that lost nothing',
    },
  },
  {
    name: 'identity-new-at-a-promotion',
    statement: 'A server has a new identity at every promotion, also when it was promoted before',
    consequence: 'a replica without the tail continues under the old identity',
    edits: [{ file: 'memory/store-server.ts', find: 'this.restart()', replace: '' }],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'loseTail() > reverts data, counters, log and operation results, and begins a new epoch',
    },
  },
  {
    name: 'epoch-knows-its-parent',
    statement:
      'An epoch records its parent and the sequence at which it began, and every answer carries the last few forks',
    consequence: 'a restart that lost nothing invalidates every replica',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'this.#ancestors = Object.freeze([...lineage, fork].slice(first))',
        replace: 'this.#ancestors = []',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'epoch event > reports no loss and causes no reload when the store restarts without loss',
    },
  },
  {
    name: 'below-the-fork-goes-on',
    statement: 'A replica at or below the fork continues in the new epoch',
    consequence: 'a restart that lost nothing costs one load per document',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'else if (replica.epoch !== from || !isShared(replica.sequence))',
        replace: 'else if (true)',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'epoch event > reports no loss and causes no reload when the store restarts without loss',
    },
  },
  {
    name: 'above-the-fork-is-loaded',
    statement: 'A replica above the fork is reloaded',
    consequence: 'it keeps a value that the store lost',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'else if (replica.epoch !== from || !isShared(replica.sequence))',
        replace: 'else if (replica.epoch !== from)',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'epoch event > reports the loss and reloads documents above the fork when the store loses commits',
    },
  },
  {
    name: 'back-to-the-fork',
    statement: 'A contiguous sequence above the fork goes back to the fork, not to the head',
    consequence: "a replica that continues never receives the new epoch's changes between fork and head",
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'else this.#sequences.truncateTo(fork)',
        replace: 'else this.#sequences.resetTo(state.sequence)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reads the changes between the fork and the head of the new epoch',
    },
  },
  {
    name: 'watchers-go-back-to-the-fork',
    statement: "In a new epoch a section's stream delivers again from the fork",
    consequence: "the new epoch's changes are skipped, because the lost ones had the same numbers",
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: 'Math.min(this.#released, contiguous)',
        replace: 'this.#released',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes() when the store loses commits > emits later changes of the new epoch whose sequences lost changes had',
    },
  },
  {
    name: 'told-above-the-fork-is-taken-back',
    statement:
      'A watcher that received changes above the fork gets a `reset` for each existing document, and `removed: lost` for those that are gone',
    consequence: 'it keeps a value that no other instance has',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: "observer.reset(this.#released, 'epoch')",
        replace: '{}',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes() when the store loses commits > emits a reset for a lost change that the watcher has not read',
    },
  },
  {
    name: 'buffered-above-the-fork-is-dropped',
    statement: 'Buffered changes above the fork are dropped',
    consequence: 'a change of the lost history is applied after a change of the new one',
    edits: [
      { file: 'replica/replica-table.ts', find: '.filter((change) => this.#epochs.includes(change))', replace: '' },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > drops changes of the earlier epoch that wait behind a gap',
    },
  },
  {
    name: 'noted-above-the-fork-is-forgotten',
    statement: 'Sequences above the fork that were recorded beyond a gap are forgotten',
    consequence: "the new epoch's changes under these numbers are taken for received",
    edits: [
      {
        file: 'versioning/sequence-tracker.ts',
        find: 'for (const each of this.#outOfOrder) if (each > fork) this.#outOfOrder.delete(each)',
        replace: '',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > drops changes of the earlier epoch that wait behind a gap',
    },
  },
  {
    name: 'late-above-the-fork-is-dropped',
    statement: 'A late change of an ancestor epoch counts only at or below the fork',
    consequence: 'a lost change re-appears in one replica',
    edits: [
      {
        file: 'replica/change-router.ts',
        find: 'else if (change.sequence <= common) this.#routeAndCount(',
        replace: 'else this.#routeAndCount(',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'peek() > ignores a late change of a lost epoch',
    },
  },
  {
    name: 'other-epoch-only-asks',
    statement: 'A change of an unknown epoch only triggers a question to the store',
    consequence: 'a late message of an old epoch invalidates correct replicas',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'onSuspectedLoss: () => this.catchUpInBackground(),',
        replace: 'onSuspectedLoss: () => this.catchUpInBackground(), acceptAnswer,',
      },
      {
        file: 'replica/change-router.ts',
        find: 'this.#onSuspectedLoss = () => targets.onSuspectedLoss()',
        replace: 'this.#onSuspectedLoss = () => targets.onSuspectedLoss()\nthis.hear = targets.acceptAnswer',
      },
      {
        file: 'replica/change-router.ts',
        find: 'const common = this.#epochs.commonSequence(change.epoch)',
        replace:
          'this.hear({ epoch: change.epoch, sequence: change.sequence, opResultCount: 0, ancestors: [] }, this.#epochs.switches)\nconst common = this.#epochs.commonSequence(change.epoch)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > keeps replicas when a late change of an earlier epoch arrives',
    },
  },
  {
    name: 'earlier-questions-are-asked-again',
    statement:
      'An answer to a question from before the current epoch was adopted is discarded, and the question is asked again',
    consequence: 'an answer of the lost history leads back into it',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'if (asOf !== this.epochs.switches) return false',
        replace: '',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > stays in the new epoch when a head of the earlier one arrives',
    },
  },
  {
    name: 'repair-asks-again',
    statement: 'A gap repair that was in progress when an epoch was adopted starts again',
    consequence: 'it fills a gap of the new history with the old one',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: 'if (!this.#host.acceptAnswer(page.state, switches)) continue\n      const switchesNow',
        replace: 'this.#host.acceptAnswer(page.state, switches)\n      const switchesNow',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > fills no gap of the new epoch from a log read in the earlier one',
    },
  },
  {
    name: 'repair-goes-on-from-the-fork',
    statement: 'A gap repair whose answer names another epoch continues from the resulting contiguous sequence',
    consequence: "the new epoch's changes at that point are missed until the next check",
    edits: [{ file: 'replica/gap-repair.ts', find: 'if (switchesNow !== switches) continue', replace: '' }],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'gap repair > continues in the new epoch when the store reports one',
    },
  },
  {
    name: 'judged-on-arrival',
    statement: 'An answer with a new epoch is judged by what the instance has when the answer arrives',
    consequence: 'the loss of changes that arrived after the question is not reported',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const highestSeen = { epoch, sequence: this.#sequences.highest }',
        replace:
          'const highestSeen = { epoch, sequence: this.#sequences.highest }\nthis.asked = this.#sequences.highest',
      },
      {
        file: 'replica/section-replica.ts',
        find: 'const lost = !isShared(this.#sequences.highest)',
        replace: 'const lost = !isShared(this.asked)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reports the loss of a change that arrived while the request was in flight',
    },
  },
  {
    name: 'log-counts-as-of-its-answer',
    statement: 'Changes read from a log belong to the epoch of the answer',
    consequence: 'changes of an epoch that has left the lineage match no history',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: '({ ...decodeChange(encoded), epoch: state.epoch })',
        replace: 'decodeChange(encoded)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > applies logged changes whose epoch is no longer in the lineage',
    },
  },
  {
    name: 'expected-below-the-fork',
    statement: 'A precondition holds only if it was read at or below the fork',
    consequence: 'a conditional write is judged by counters of the lost history, which may be equal by chance',
    edits: [{ file: 'memory/expectation.ts', find: 'if (!includesPosition(state, readAt))', replace: 'if (false)' }],
    provenBy: {
      file: 'memory/expectations.test.ts',
      name: 'commit() with a precondition from another epoch > returns a conflict when it was read beyond the fork, even with equal versions',
    },
  },
  {
    name: 'loss-by-the-highest',
    statement:
      'A loss is reported if the highest sequence ever received or acknowledged by this instance is above the fork',
    consequence: 'the loss of a write that was acknowledged beyond a gap is reported to no caller',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const lost = !isShared(this.#sequences.highest)',
        replace: 'const lost = !isShared(this.#sequences.contiguous)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reports the loss of an acknowledged write beyond a gap',
    },
  },
  {
    name: 'unknown-parent-is-a-loss',
    statement:
      "An epoch whose lineage does not contain the instance's epoch counts as a loss, and every replica is reloaded",
    consequence: 'lost values stay cached and no loss is reported',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'fork !== undefined && sequence <= fork',
        replace: 'fork === undefined || sequence <= fork',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'catchUp() > reloads all replicas and reports a loss when the new epoch does not know the earlier one',
    },
  },
]
