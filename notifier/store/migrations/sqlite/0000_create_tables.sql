CREATE TABLE `dead_letters` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`stream` text NOT NULL,
	`event_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`subject` text NOT NULL,
	`type` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` text NOT NULL,
	`headers` text NOT NULL,
	`data` text NOT NULL,
	`encoding` text NOT NULL,
	`reason` text NOT NULL,
	`attempts` integer NOT NULL,
	`state` text NOT NULL,
	`moment` integer NOT NULL,
	CONSTRAINT "state_is_known" CHECK("dead_letters"."state" in ('failed', 'parked')),
	CONSTRAINT "encoding_is_known" CHECK("dead_letters"."encoding" in ('text', 'base64'))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `dead_letters_by_event` ON `dead_letters` (`stream`,`event_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_by_key` ON `dead_letters` (`stream`,`tenant_id`,`key`,`position`);--> statement-breakpoint
CREATE TABLE `inbox` (
	`stream` text NOT NULL,
	`event_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`moment` integer NOT NULL,
	`outcome` text NOT NULL,
	PRIMARY KEY(`stream`, `event_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `inbox_by_sequence` ON `inbox` (`stream`,`sequence`);--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `notices` (
	`arrival` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`order_id` integer NOT NULL,
	`status` text NOT NULL,
	`message` text NOT NULL,
	`moment` integer NOT NULL,
	`event_id` text NOT NULL,
	CONSTRAINT "status_is_known" CHECK("notices"."status" in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'failed', 'cancelled', 'refunded')),
	CONSTRAINT "user_id_positive" CHECK("notices"."user_id" > 0),
	CONSTRAINT "order_id_positive" CHECK("notices"."order_id" > 0),
	CONSTRAINT "message_is_said" CHECK(length("notices"."message") between 1 and 1000)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `notices_by_id` ON `notices` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `notices_by_event` ON `notices` (`event_id`);--> statement-breakpoint
CREATE INDEX `notices_by_user` ON `notices` (`tenant_id`,`user_id`,`moment`,`arrival`);--> statement-breakpoint
CREATE TABLE `places` (
	`stream` text PRIMARY KEY NOT NULL,
	`sequence` integer NOT NULL,
	`event_id` text NOT NULL,
	`moment` integer NOT NULL
) STRICT;
