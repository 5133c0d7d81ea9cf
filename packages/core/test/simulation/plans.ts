/** The kinds of schedules, by the faults that they can have. */
export const plans = {
  'without faults': { faults: false, losses: false },
  'with faults of messages, calls, processes and clocks': { faults: true, losses: false },
  'with the same faults and a store that loses its tail': { faults: true, losses: true },
} as const
