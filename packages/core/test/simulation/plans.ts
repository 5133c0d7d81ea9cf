/** The kinds of schedules, by what may go wrong in them. */
export const plans = {
  'without faults': { faults: false, losses: false },
  'with lost, repeated, late messages and a store that comes and goes': { faults: true, losses: false },
  'with a store that loses its tail': { faults: true, losses: true },
} as const
