module github.com/athanor-lm/athanor

go 1.26
