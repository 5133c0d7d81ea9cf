import type { Rule } from './rule.ts'

/** How it is noticed that a store's history is another one, and what of the old goes on. */
export const epochs: readonly Rule[] = [
  {
    name: 'fence-in-every-call',
    statement: "Every call compares the server's identity in the step that does its work",
    consequence: 'a write that gets in before the comparison continues the lost tail under the same numbers',
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
    consequence: 'a copy that was promoted serves what is older than acknowledged writes, in the same epoch',
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
    consequence: 'a copy that was promoted says that there is nothing new, in the same epoch',
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
    statement: 'A server has another identity at every start',
    consequence: 'a restart that lost the tail goes unnoticed',
    edits: [{ file: 'memory/store-server.ts', find: 'this.#identity++', replace: '' }],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > begins an epoch whose fork is the head after a restart that lost nothing',
    },
  },
  {
    name: 'identity-new-at-a-promotion',
    statement: 'A server has another identity at every promotion',
    consequence: 'a copy without the tail goes on in its name',
    edits: [{ file: 'memory/store-server.ts', find: 'this.restart()', replace: '' }],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'loseTail() > reverts data, counters, log and operation results, and begins a new epoch',
    },
  },
  {
    name: 'epoch-knows-its-parent',
    statement: 'An epoch records its parent and the sequence at which it began, and every answer tells',
    consequence: 'a restart that lost nothing drops every replica',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'this.#ancestors = Object.freeze([...lineage, fork].slice(first))',
        replace: 'this.#ancestors = []',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'a restart that loses nothing costs no reload and reports no loss',
    },
  },
  {
    name: 'below-the-fork-goes-on',
    statement: 'A replica at or below the fork goes on in the new epoch',
    consequence: 'a restart that lost nothing drops every replica',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'else if (replica.epoch !== from || !isShared(replica.sequence))',
        replace: 'else if (true)',
      },
    ],
    provenBy: {
      file: 'service/faults.test.ts',
      name: 'a restart that loses nothing costs no reload and reports no loss',
    },
  },
  {
    name: 'above-the-fork-is-loaded',
    statement: 'A replica above the fork is loaded again',
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
      name: 'a lost tail starts a new epoch: what lies above the fork is loaded again, and the loss is told',
    },
  },
  {
    name: 'back-to-the-fork',
    statement: 'A watermark above the fork goes back to it, not to the head',
    consequence: 'a replica that goes on is never told what came between fork and head',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'else this.#sequences.truncateTo(fork)',
        replace: 'else this.#sequences.resetTo(state.sequence)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'what the next history has between the fork and its head is read',
    },
  },
  {
    name: 'watchers-go-back-to-the-fork',
    statement: 'Whoever watches a section is told from the fork on what the new history has',
    consequence: 'changes that bear the numbers of lost ones are taken for told',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: 'Math.min(this.#released, contiguous)',
        replace: 'this.#released',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'who began to watch before a loss is told what the next history has in its place',
    },
  },
  {
    name: 'told-above-the-fork-is-taken-back',
    statement: 'A watcher that was told what the store lost is told what there is instead',
    consequence: 'it keeps a value that nobody else has',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: "observer.reset(this.#released, 'epoch')",
        replace: '{}',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'what a slow watcher has not taken yet and the store lost is taken back',
    },
  },
  {
    name: 'buffered-above-the-fork-is-dropped',
    statement: 'Changes of the lost history that wait for a predecessor are dropped',
    consequence: 'they are applied behind a change of the new one',
    edits: [
      { file: 'replica/replica-table.ts', find: '.filter((change) => this.#epochs.includes(change))', replace: '' },
    ],
    provenBy: { file: 'replica/lineage.test.ts', name: 'what waits behind a hole is not mixed into the next history' },
  },
  {
    name: 'noted-above-the-fork-is-forgotten',
    statement: 'Sequences of the lost history that were noted beyond a hole are forgotten',
    consequence: 'those of the new one pass for seen',
    edits: [
      {
        file: 'versioning/sequence-tracker.ts',
        find: 'for (const each of this.#outOfOrder) if (each > fork) this.#outOfOrder.delete(each)',
        replace: '',
      },
    ],
    provenBy: { file: 'replica/lineage.test.ts', name: 'what waits behind a hole is not mixed into the next history' },
  },
  {
    name: 'late-above-the-fork-is-dropped',
    statement: 'A late change of an ancestor epoch counts only at or below the fork',
    consequence: 'what the store lost comes back, in one replica',
    edits: [
      {
        file: 'replica/change-router.ts',
        find: 'else if (change.sequence <= common) this.#routeAndCount(',
        replace: 'else this.#routeAndCount(',
      },
    ],
    provenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'a late change of a lost history is not taken for one of the new',
    },
  },
  {
    name: 'other-epoch-only-asks',
    statement: 'A change of an epoch that is not ours makes us ask the store, at most',
    consequence: 'a late message throws good replicas away',
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
      name: 'a late change of a history that was left throws nothing away, be it known or forgotten',
    },
  },
  {
    name: 'earlier-questions-are-asked-again',
    statement: 'An answer to a question asked before an epoch was adopted is asked again',
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
      name: 'a head answered before an epoch was adopted does not lead back',
    },
  },
  {
    name: 'repair-asks-again',
    statement: 'A repair that was under way when an epoch was adopted asks again',
    consequence: 'it fills a hole of the new history with the old one',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: 'if (!this.#host.acceptAnswer(page.state, switches)) continue\n      const switchesNow',
        replace: 'this.#host.acceptAnswer(page.state, switches)\n      const switchesNow',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'a log read before an epoch was adopted fills no hole of the new one',
    },
  },
  {
    name: 'repair-goes-on-from-the-fork',
    statement: 'A repair that is told of another epoch asks again from where that leaves it',
    consequence: 'what the new history has there is missed until the next check',
    edits: [{ file: 'replica/gap-repair.ts', find: 'if (switchesNow !== switches) continue', replace: '' }],
    provenBy: { file: 'replica/lineage.test.ts', name: 'a repair that is told of another history goes on in that' },
  },
  {
    name: 'judged-on-arrival',
    statement: 'An answer of another epoch is judged by what is held when it arrives',
    consequence: 'the loss of what came after the question is not told',
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
      name: 'the loss of what came while the question was on its way is told',
    },
  },
  {
    name: 'log-counts-as-of-its-answer',
    statement: 'Changes read from a log count as of the epoch that answered',
    consequence: 'those of an epoch that is forgotten by now fit nowhere',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: '({ ...decodeChange(encoded), epoch: state.epoch })',
        replace: 'decodeChange(encoded)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'changes that a log has from an epoch forgotten by now are applied',
    },
  },
  {
    name: 'expected-below-the-fork',
    statement: 'An expectation counts only if it was read at or below the fork',
    consequence: 'a conditional write is judged by counters of the lost history',
    edits: [{ file: 'memory/expectation.ts', find: 'if (!includesPosition(state, readAt))', replace: 'if (false)' }],
    provenBy: {
      file: 'memory/expectations.test.ts',
      name: 'commit() with a precondition from another epoch > returns a conflict when it was read beyond the fork, even with equal versions',
    },
  },
  {
    name: 'loss-by-the-highest',
    statement: 'Whether something was lost is judged by the highest sequence ever shown or acknowledged here',
    consequence: 'the loss of a write that was acknowledged beyond a hole is told to nobody',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const lost = !isShared(this.#sequences.highest)',
        replace: 'const lost = !isShared(this.#sequences.contiguous)',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'the loss of a write that was acknowledged beyond a hole is told',
    },
  },
  {
    name: 'unknown-parent-is-a-loss',
    statement: 'An epoch that does not know ours counts as a loss, and all is loaded again',
    consequence: 'what the store lost is kept, and nobody is told',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'fork !== undefined && sequence <= fork',
        replace: 'fork === undefined || sequence <= fork',
      },
    ],
    provenBy: {
      file: 'replica/lineage.test.ts',
      name: 'a history that does not know ours may have lost anything: all is loaded, and told as lost',
    },
  },
]
