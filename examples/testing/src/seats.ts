import { type Collection, type CollectionDefinition, defineCollection } from '@sync/core'

/** A reserved seat; a free one has no document. */
export interface Seat {
  customer: string
}

/** Definition of the section of reserved seats. A reservation expires ten minutes after its last write. */
export const seats: CollectionDefinition<Seat> = defineCollection<Seat>({
  section: 'seat',
  ttl: '10m',
  replicate: 'all',
})

/** The service under test: reserves seats for customers. It takes a collection, so that a test can give it any. */
export interface BoxOffice {
  /** Returns true if the seat is free, as far as this instance has been notified. */
  looksFree(seat: string): boolean
  /** Reserves the seat. Resolves to false if another customer has it. */
  reserve(seat: string, customer: string): Promise<boolean>
}

/** Creates the service on a collection of seats. */
export function createBoxOffice(collection: Collection<Seat>): BoxOffice {
  return {
    looksFree: (seat) => collection.peek(seat) === undefined,
    async reserve(seat, customer) {
      const { entry } = await collection.create(seat, { customer })
      return entry.value.customer === customer
    },
  }
}
