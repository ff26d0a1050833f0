ALTER TABLE `checkout_outcomes` ADD `refusal` text;--> statement-breakpoint
ALTER TABLE `checkout_outcomes` ADD `told_open` integer;