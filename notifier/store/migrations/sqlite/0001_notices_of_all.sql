PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_notices` (
	`arrival` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`kind` text NOT NULL,
	`order_id` integer,
	`status` text,
	`details` text NOT NULL,
	`message` text NOT NULL,
	`moment` integer NOT NULL,
	`event_id` text NOT NULL,
	CONSTRAINT "status_is_known" CHECK("__new_notices"."status" in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'failed', 'cancelled', 'refunded')),
	CONSTRAINT "status_is_of_an_order" CHECK(("__new_notices"."kind" like 'order.%') = ("__new_notices"."status" is not null) and ("__new_notices"."status" is null or "__new_notices"."order_id" is not null)),
	CONSTRAINT "user_id_positive" CHECK("__new_notices"."user_id" > 0),
	CONSTRAINT "order_id_positive" CHECK("__new_notices"."order_id" > 0),
	CONSTRAINT "kind_is_told" CHECK(length("__new_notices"."kind") between 1 and 100),
	CONSTRAINT "details_are_few" CHECK(length("__new_notices"."details") <= 1000),
	CONSTRAINT "message_is_said" CHECK(length("__new_notices"."message") between 1 and 1000)
) STRICT;
--> statement-breakpoint
-- Every notice so far tells a step of an order.
INSERT INTO `__new_notices`("arrival", "id", "tenant_id", "user_id", "kind", "order_id", "status", "details", "message", "moment", "event_id") SELECT "arrival", "id", "tenant_id", "user_id", case "status" when 'pending' then 'order.created' when 'failed' then 'order.rejected' else 'order.' || "status" end, "order_id", "status", '{}', "message", "moment", "event_id" FROM `notices`;--> statement-breakpoint
DROP TABLE `notices`;--> statement-breakpoint
ALTER TABLE `__new_notices` RENAME TO `notices`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `notices_by_id` ON `notices` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `notices_by_event` ON `notices` (`event_id`);--> statement-breakpoint
CREATE INDEX `notices_by_user` ON `notices` (`tenant_id`,`user_id`,`moment`,`arrival`);--> statement-breakpoint
CREATE INDEX `notices_by_arrival` ON `notices` (`tenant_id`,`user_id`,`arrival`);