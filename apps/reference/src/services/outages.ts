import { type CollectionDefinition, defineCollection, type SectionRef } from '@sync/core'
import type { Document } from 'feed'

/** Address of the outages' section. */
export const outagesSection: SectionRef = { partition: 'pge', section: 'outage' }

/** Definition of the outages' collection. Every instance replicates all outages. */
export const outages: CollectionDefinition<Document> = defineCollection<Document>({
  section: outagesSection.section,
  ttl: 'never',
  replicate: 'all',
})
